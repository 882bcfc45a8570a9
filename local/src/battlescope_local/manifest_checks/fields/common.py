"""Shapes that several kinds share."""

from typing import Final

from battlescope_local.manifest_checks.fields.shapes import (
    Flag,
    ListOf,
    Mapped,
    Shape,
    Text,
    TextMap,
    Whole,
    choice,
    mapped,
)

NAME: Final = Text(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", "a name of lower-case letters, digits and hyphens")
ISO_DURATION: Final = Text(r"PT([0-9]+H)?([0-9]+M)?([0-9]+(\.[0-9]+)?S)?(?<!PT)", "an ISO 8601 duration such as PT70S")
HOST: Final = Text(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", "a host name")
SERVER: Final = Text(r"[a-z0-9.-]+:[0-9]+", "host:port")
PORT: Final = Whole(1, 65535)

METADATA: Final = mapped(
    {"name": Text(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", "a name of lower-case letters, digits, dots and hyphens")},
    {"namespace": NAME, "labels": TextMap(), "annotations": TextMap()},
)
NAME_REF: Final = mapped({"name": NAME})
KEY_REF: Final = mapped({"name": NAME, "key": Text()})
SECRET_KEY: Final = mapped({"secretKeyRef": KEY_REF})


def top_level(fields: dict[str, Shape], optional: dict[str, Shape] | None = None) -> Mapped:
    """An object: its own fields beside version, kind and metadata."""
    return mapped({"apiVersion": Text(), "kind": Text(), "metadata": METADATA, **fields}, optional)


def spec(fields: dict[str, Shape], optional: dict[str, Shape] | None = None) -> Mapped:
    return top_level({"spec": mapped(fields, optional)})


# Webhooks let refs without a name and unknown kinds pass; `refs.py` checks which kinds fit where.
REF: Final = mapped({"apiVersion": Text(), "kind": Text(), "name": NAME}, {"namespace": NAME})
# Without `uri`: functions take events at their root.
DESTINATION: Final = mapped({"ref": REF})
CE_OVERRIDES: Final = mapped({"extensions": TextMap(Text())})
# `delivery` is an open object in the schemas of Broker and Trigger: any misspelt field would vanish silently.
DELIVERY: Final = mapped(
    {
        "retry": Whole(1, 10),
        "backoffPolicy": choice("exponential", "linear"),
        "backoffDelay": ISO_DURATION,
        "timeout": ISO_DURATION,
        "deadLetterSink": mapped({"ref": REF}),
    }
)
SERVERS: Final = ListOf(SERVER)
FLAG: Final = Flag()
