"""Names for ids: pronounceable, constant for an id, and different for different ids.

An odd multiplier scrambles an id below 2^32 (a bijection); the result is written in syllables instead of digits. A
syllable is consonants and one vowel, and a closing consonant only ends a word, so a name decodes to exactly one id.
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
_SYLLABLE_COUNT: Final = len(_ONSETS) * len(_VOWELS)
_CODAS: Final = ("", "n", "r", "s", "l", "", "k")
_MULTIPLIER: Final = 2_654_435_761  # Knuth's multiplier: neighbouring ids get names that do not look alike
_ID_COUNT: Final = 2**32
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


def _to_digits(number: int, count: int) -> list[int]:
    digits: list[int] = []
    for _ in range(count):
        number, digit = divmod(number, _SYLLABLE_COUNT)
        digits.append(digit)
    return digits


def _word(digits: list[int]) -> str:
    syllables = (_ONSETS[d // len(_VOWELS)] + _VOWELS[d % len(_VOWELS)] for d in digits)
    return ("".join(syllables) + _CODAS[sum(digits) % len(_CODAS)]).capitalize()


def pilot_name(character_id: int) -> str:
    digits = _to_digits(character_id * _MULTIPLIER % _ID_COUNT, 5)
    return f"{_word(digits[:2])} {_word(digits[2:])}"


def _organisation_name(entity_id: int, words: Sequence[str]) -> str:
    remaining, word_index = divmod(entity_id * _MULTIPLIER % _ID_COUNT, len(words))
    digits = _to_digits(remaining, 4)
    return f"{_word(digits[:2])} {_word(digits[2:])} {words[word_index]}"


def corporation_name(corporation_id: int) -> str:
    return _organisation_name(corporation_id, _CORPORATION_WORDS)


def alliance_name(alliance_id: int) -> str:
    return _organisation_name(alliance_id, _ALLIANCE_WORDS)


def generated_ticker(entity_id: int, name: str) -> str:
    """A ticker of three to five characters; different organisations may have the same one, as in the game."""
    letters = "".join(character for character in name.upper() if character.isalnum())
    return f"{letters[:4]:X<2}{entity_id % 10}"


def location_name(location_id: int) -> str:
    """The name of a region, constellation or system; distinct for ids that differ by less than 1,000,000."""
    return _word(_to_digits(location_id * 617_359 % _SYLLABLE_COUNT**3, 3))
