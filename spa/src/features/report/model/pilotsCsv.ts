import type { ParticipantItem } from "@/api/client";
import { nameOf } from "@/lib/names";

const HEAD = [
  "character_id",
  "character",
  "corporation",
  "alliance",
  "side",
  "ship",
  "other_ships",
  "kills",
  "final_blows",
  "damage_done",
  "damage_received",
  "losses",
  "isk_destroyed",
  "isk_lost",
  "first_seen",
  "last_seen",
] as const;

/** The pilots of a list as rows, below the names of the columns. ISK stays text, so that no digit is lost. */
export function pilotRows(pilots: readonly ParticipantItem[]): (string | number | null)[][] {
  return [[...HEAD], ...pilots.map(pilotRow)];
}

function pilotRow(pilot: ParticipantItem): (string | number | null)[] {
  const others = pilot.shipsFlown.slice(1).map((ship) => nameOf(ship.shipTypeName, "Ship", ship.shipTypeId));
  return [
    pilot.characterId,
    nameOf(pilot.characterName, "Character", pilot.characterId),
    pilot.corpName,
    pilot.allianceName,
    pilot.sideId,
    nameOf(pilot.shipTypeName, "Ship", pilot.shipTypeId),
    others.join("; "),
    pilot.kills,
    pilot.finalBlows,
    pilot.damageDone,
    pilot.damageReceived,
    pilot.deaths,
    pilot.iskDestroyed,
    pilot.iskLost,
    pilot.firstSeenAt,
    pilot.lastSeenAt,
  ];
}
