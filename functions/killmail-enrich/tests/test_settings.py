"""The Broker for backfilled killmails is derived from K_SINK, in local mode and in a cluster."""

from typing import Any

from battlescope_local.devtools.project import ROOT
from battlescope_local.manifests import load
from battlescope_local.manifests.model import BrokerRef
from battlescope_local.serving.internal_gateway import InternalGateway
from killmail_enrich.settings import BACKFILL_BROKER, Settings


def settings(k_sink: str) -> Settings:
    fields: dict[str, Any] = dict.fromkeys(Settings.model_fields, "x")
    fields |= {"market_history_max_rate": 0.5, "ticker_max_rate": 2.0, "schema_version": None}
    fields |= {"database_url": "postgresql://localhost/killmails", "redis_url": "redis://localhost"}
    return Settings(**fields | {"k_sink": k_sink})


def test_backfill_broker_is_one_of_the_manifests() -> None:
    manifests = load(ROOT / "knative" / "base")
    (sink,) = (binding.sink for binding in manifests.sink_bindings if binding.subject == "killmail-enrich")
    gateway = InternalGateway(
        "http://127.0.0.1:1", {broker.name: broker.namespace for broker in manifests.brokers}, "t"
    )
    expected = gateway.sink_url(BrokerRef(BACKFILL_BROKER))
    assert settings(gateway.sink_url(sink)).backfill_broker_url == expected


def test_backfill_broker_has_the_same_ingress_in_a_cluster() -> None:
    ingress = "http://kafka-broker-ingress.knative-eventing.svc.cluster.local/battlescope"
    assert settings(f"{ingress}/killmails").backfill_broker_url == f"{ingress}/backfill"
