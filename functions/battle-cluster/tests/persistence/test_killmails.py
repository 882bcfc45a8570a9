from dataclasses import replace
from datetime import UTC, datetime

from enriched_builders import enriched_killmail

from battle_cluster.domain.killmail import ValueParts
from battle_cluster.messaging.enriched_killmail import killmail_of
from battle_cluster.persistence.killmails import KillmailRow, decode_row, encode_body


def test_decoded_killmail_equals_the_encoded_one() -> None:
    enriched = enriched_killmail(7, 3, (1, 1), [(11, 2), (12, 3)], nearby_system_ids=(30_000_144,))
    original = replace(killmail_of(enriched), value_parts=ValueParts(12.5, 3.25, 2))
    time = datetime.fromtimestamp(original.time, UTC)
    body = encode_body(original).encode()
    row = KillmailRow(
        7,
        original.system_id,
        10_000_002,
        "nullsec",
        time,
        original.value,
        historical=False,
        body=body,
        value_revision=0,
        valuation_revision=0,
        value_basis=original.value_basis.value,
        fitted_value=12.5,
        dropped_value=3.25,
        unpriced_types=2,
    )
    assert decode_row(row) == original
