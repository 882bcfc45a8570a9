"""Names for ids: pronounceable, always the same for an id, and never the same for two.

An id below 2^32 is scrambled by an odd multiplier (a bijection) and written in syllables instead of digits. Since a
syllable is consonants and one vowel, and a closing consonant only ends a word, the text reads back to one id.
"""

from collections.abc import Sequence
from typing import Final

_ONSETS: Final = (
    "b",
    "d",
    "f",
    "g",
    "h",
    "k",
    "l",
    "m",
    "n",
    "p",
    "r",
    "s",
    "t",
    "v",
    "z",
    "th",
    "sh",
    "kr",
    "dr",
    "st",
)
_VOWELS: Final = "aeiou"
_BASE: Final = len(_ONSETS) * len(_VOWELS)
_CODAS: Final = ("", "n", "r", "s", "l", "", "k")
_ODD: Final = 2_654_435_761  # Knuth's multiplier: neighbouring ids get names that do not look alike
_SPACE: Final = 2**32
# 100^4 syllables times 50 words cover 2^32 ids.
_CORPORATION_WORDS: Final = (
    "Industries", "Logistics", "Syndicate", "Mining", "Navy", "Ventures", "Holdings", "Research", "Enterprises",
    "Brigade", "Salvage", "Legion", "Company", "Guard", "Exploration", "Trading", "Armada", "Collective", "Foundry",
    "Squadron", "Explorers", "Dynamics", "Systems", "Raiders", "Consortium", "Security", "Outfitters", "Works",
    "Militia", "Wolves", "Corsairs", "Nomads", "Pilots", "Reclaimers", "Watch", "Rangers", "Forge", "Institute",
    "Cartel", "Union", "Hunters", "Academy", "Order", "Bureau", "Shipyards", "Freight", "Marines", "Patrol", "Labs",
    "Caravan",
)  # fmt: skip
_ALLIANCE_WORDS: Final = (
    "Alliance", "Coalition", "Dominion", "Accord", "Federation", "Empire", "Pact", "Concordat", "League",
    "Confederacy", "Commonwealth", "Horde", "Assembly", "Covenant", "Ascendancy", "Republic", "Host", "Directorate",
    "Imperium", "Compact", "Tribes", "Citadel", "Front", "Bloc", "Legacy", "Reach", "Vanguard", "Protectorate",
    "Frontier", "Sovereignty", "Network", "Brotherhood", "Crusade", "Rising", "Eclipse", "Tempest", "Bastion",
    "Ring", "Crown", "Banner", "Hegemony", "Exodus", "Sanctum", "Requiem", "Kingdom", "Mandate", "Entente",
    "Phalanx", "Dynasty", "Spire",
)  # fmt: skip


def _digits(number: int, count: int) -> list[int]:
    found: list[int] = []
    for _ in range(count):
        number, digit = divmod(number, _BASE)
        found.append(digit)
    return found


def _word(digits: list[int]) -> str:
    syllables = (_ONSETS[d // len(_VOWELS)] + _VOWELS[d % len(_VOWELS)] for d in digits)
    return ("".join(syllables) + _CODAS[sum(digits) % len(_CODAS)]).capitalize()


def pilot_name(character_id: int) -> str:
    digits = _digits(character_id * _ODD % _SPACE, 5)
    return f"{_word(digits[:2])} {_word(digits[2:])}"


def _group_name(entity_id: int, words: Sequence[str]) -> str:
    rest, which = divmod(entity_id * _ODD % _SPACE, len(words))
    digits = _digits(rest, 4)
    return f"{_word(digits[:2])} {_word(digits[2:])} {words[which]}"


def corporation_name(corporation_id: int) -> str:
    return _group_name(corporation_id, _CORPORATION_WORDS)


def alliance_name(alliance_id: int) -> str:
    return _group_name(alliance_id, _ALLIANCE_WORDS)


def place_name(place_id: int) -> str:
    """The name of a region, constellation or system; distinct for ids below 1,000,000 apart."""
    return _word(_digits(place_id * 617_359 % _BASE**3, 3))
