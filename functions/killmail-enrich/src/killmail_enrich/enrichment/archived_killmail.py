"""Reads the archived killmail that a reference points to."""

from typing import Annotated, Any, Final

from pydantic import Field, ValidationError

from battlescope_events.errors import PermanentError
from battlescope_schemas.killmail import InvalidKillmail, Killmail, RawKillmail, Zkb, read_raw
from battlescope_schemas.reference import KillmailReference

ArchivedKillmail = tuple[Killmail, Zkb]
_EMPTY_ZKB: Final = Zkb.model_validate({})


class _EsiKillmail(Killmail):
    """The plain format of ESI, which backfilled killmails have; reading it directly takes half the time.

    Every other format goes through `read_raw`, which reads all of them.
    """

    killmail_id: Annotated[int, Field(strict=True, gt=0, lt=2**63)]
    zkb: Any = None
    package: Any = None


def read_archived_killmail(reference: KillmailReference, raw: bytes) -> ArchivedKillmail:
    """The killmail of the reference, with zKillboard's data about it.

    Raises:
        PermanentError: the archived bytes are not this killmail.
    """
    killmail, zkb = _read_esi_format(raw) or _read_any_format(reference, raw)
    if killmail.killmail_id != reference.killmail_id:
        raise PermanentError(
            f"Archive key {reference.archive_key} holds killmail {killmail.killmail_id}, not {reference.killmail_id}."
        )
    return killmail, zkb


def _read_esi_format(raw: bytes) -> ArchivedKillmail | None:
    """None where the bytes have another format."""
    try:
        killmail = _EsiKillmail.model_validate_json(raw)
    except ValidationError:
        return None
    return None if killmail.zkb or "package" in killmail.model_fields_set else (killmail, _EMPTY_ZKB)


def _read_any_format(reference: KillmailReference, raw: bytes) -> ArchivedKillmail:
    try:
        entries = read_raw(raw)
    except InvalidKillmail as error:
        raise PermanentError(f"Archive key {reference.archive_key} does not hold a killmail: {error}") from error
    match entries:
        case (RawKillmail(killmail=Killmail() as killmail, zkb=zkb),):
            return killmail, zkb
        case _:
            raise PermanentError(
                f"Archive key {reference.archive_key} does not hold exactly the body of killmail"
                f" {reference.killmail_id}."
            )
