"""Reads the archived killmail that a reference points to."""

from battlescope_events.errors import PermanentError
from battlescope_schemas.killmail import ArchivedKillmail, InvalidKillmail, read_killmail
from battlescope_schemas.reference import KillmailReference


def read_archived_killmail(reference: KillmailReference, raw: bytes) -> ArchivedKillmail:
    """The killmail of the reference.

    Raises:
        PermanentError: the archived bytes are not this killmail.
    """
    try:
        killmail = read_killmail(raw)
    except InvalidKillmail as error:
        raise PermanentError(f"Archive key {reference.archive_key} does not hold a killmail: {error}") from error
    if killmail.killmail_id != reference.killmail_id:
        raise PermanentError(
            f"Archive key {reference.archive_key} holds killmail {killmail.killmail_id}, not {reference.killmail_id}."
        )
    return killmail
