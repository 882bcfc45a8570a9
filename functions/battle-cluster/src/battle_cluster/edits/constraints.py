"""What people decided about a battle, applied before anything is computed and so outliving every recomputation."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from battle_cluster.domain.killmail import Killmail, Party


@dataclass(frozen=True, slots=True)
class Constraints:
    """Edits by people.

    must_link: pairs of killmail ids that belong together.
    cannot_link: one entry a split; its groups of killmail ids never meet in one battle.
    excluded: killmail ids that belong to no battle.
    scrubbed: (killmail id, character id) pairs to be treated as if the pilot were not on the mail.
    pins: side number by party.
    """

    must_link: frozenset[tuple[int, int]] = frozenset()
    cannot_link: tuple[tuple[frozenset[int], ...], ...] = ()
    excluded: frozenset[int] = frozenset()
    removed_pilots: frozenset[tuple[int, int]] = frozenset()
    pins: Mapping[Party, int] = field(default_factory=dict[Party, int])


NONE = Constraints()


def apply_constraints(mails: Iterable[Killmail], constraints: Constraints) -> tuple[Killmail, ...]:
    """Each mail once, in order of (time, id), without what was excluded or scrubbed."""
    once = {mail.killmail_id: mail for mail in mails if mail.killmail_id not in constraints.excluded}
    ordered = sorted(once.values(), key=lambda mail: (mail.time, mail.killmail_id))
    if not constraints.removed_pilots:
        return tuple(ordered)
    return tuple(_without(mail, frozenset(_scrubbed_from(mail, constraints))) for mail in ordered)


def _scrubbed_from(mail: Killmail, constraints: Constraints) -> Iterator[int]:
    return (pilot for pilot in mail.pilots() if (mail.killmail_id, pilot) in constraints.removed_pilots)


def _without(mail: Killmail, pilots: frozenset[int]) -> Killmail:
    if not pilots:
        return mail
    victim = mail.victim
    if victim.character_id in pilots:
        victim = victim._replace(character_id=None, party=None)
    return replace(mail, victim=victim, attackers=tuple(a for a in mail.attackers if a.character_id not in pilots))
