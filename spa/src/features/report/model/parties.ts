import type { BattleBattleDetail } from "@/api/client";
import { partyKey, partyName } from "@/lib/names";

/** The name of a party that an address names by `alliance:99…`. */
export function partyLabel(battle: BattleBattleDetail, key: string): string {
  const parties = [...battle.sides.flatMap((side) => side.parties), ...battle.unassigned];
  const found = parties.find((party) => partyKey(party) === key);
  return found ? partyName(found) : "A party that is not here";
}
