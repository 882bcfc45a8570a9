"""The Broker of history is found beside the one of K_SINK, here and in a cluster."""

from typing import Any

from battlescope_local.devtools.project import ROOT
from battlescope_local.manifests import load
from battlescope_local.manifests.model import BrokerRef
from battlescope_local.serving.internal_gateway import InternalGateway
from killmail_enrich.settings import BACKFILL, Settings


def settings(k_sink: str) -> Settings:
    fields: dict[str, Any] = dict.fromkeys(Settings.model_fields, "x")
    return Settings(**fields | {"k_sink": k_sink})


def test_history_is_told_on_a_broker_that_the_manifests_have() -> None:
    manifests = load(ROOT / "knative" / "base")
    (bound,) = (one.sink for one in manifests.sink_bindings if one.subject == "killmail-enrich")
    fabric = InternalGateway("http://127.0.0.1:1", {broker.name: broker.namespace for broker in manifests.brokers})
    assert settings(fabric.resolve(bound)).backfill_sink == fabric.resolve(BrokerRef(BACKFILL))


def test_in_a_cluster_the_address_is_that_of_the_same_ingress() -> None:
    ingress = "http://kafka-broker-ingress.knative-eventing.svc.cluster.local/battlescope"
    assert settings(f"{ingress}/killmails").backfill_sink == f"{ingress}/backfill"
