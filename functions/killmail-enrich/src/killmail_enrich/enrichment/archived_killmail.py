"""The raw mail that a reference points to."""

from typing import Annotated, Any, Final

from pydantic import Field, ValidationError

from battlescope_schemas.killmail import InvalidKillmail, Killmail, RawKillmail, Zkb, read_raw
from killmail_enrich.enrichment.enrichment import ReferenceLike
from killmail_enrich.errors import Unusable

_EMPTY_ZKB: Final = Zkb.model_validate({})


class _Bare(Killmail):
    """ESI's own shape, which history has: read straight from its bytes in half the time of the general way.

    Whatever is not exactly that shape goes the general way, which knows all of them.
    """

    killmail_id: Annotated[int, Field(strict=True, gt=0, lt=2**63)]
    zkb: Any = None
    package: Any = None


def body_of(reference: ReferenceLike, raw: bytes) -> tuple[Killmail, Zkb]:
    """The mail a reference points to.

    Raises:
        Unusable: the archive holds something else there.
    """
    killmail, zkb = _bare(raw) or _any(reference, raw)
    if killmail.killmail_id != reference.killmail_id:
        raise Unusable(f"At {reference.archive_key} lies killmail {killmail.killmail_id}, not {reference.killmail_id}.")
    return killmail, zkb


def _bare(raw: bytes) -> tuple[Killmail, Zkb] | None:
    try:
        found = _Bare.model_validate_json(raw)
    except ValidationError:
        return None
    return None if found.zkb or "package" in found.model_fields_set else (found, _EMPTY_ZKB)


def _any(reference: ReferenceLike, raw: bytes) -> tuple[Killmail, Zkb]:
    try:
        entries = read_raw(raw)
    except InvalidKillmail as error:
        raise Unusable(f"The archive holds no killmail at {reference.archive_key}: {error}") from error
    match entries:
        case (RawKillmail(killmail=Killmail() as killmail, zkb=zkb),):
            return killmail, zkb
        case _:
            raise Unusable(f"At {reference.archive_key} lies no whole killmail {reference.killmail_id}.")
