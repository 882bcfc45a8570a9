/** Names of the ids in the address, from what is shown: a link that somebody sent has ids alone. */

import type { BattleHit, KillmailHit, RegionCount } from "@/api/client";
import { knownName } from "@/lib/knownNames";
import type { IdKey } from "./search";

export type NameOf = (key: IdKey, id: string) => string | undefined;

const PARTY_KEYS = { alliance: "alliance", corporation: "corp", character: "pilot" } as const;
const MATCHED_KEYS = { ...PARTY_KEYS, system: "system", region: "region", ship_type: "ship" } as const;

type Entry = [key: IdKey, id: string | null, name: string | null];

/** The name of an id: of a hit or a facet, else as this browser knows it. */
export function namesOf(entries: readonly Entry[]): NameOf {
  const names = new Map(entries.filter((entry) => entry[2] !== null).map(([key, id, name]) => [`${key}:${id}`, name]));
  return (key, id) => names.get(`${key}:${id}`) ?? knownName(key, id);
}

export function namesInBattles(hits: readonly BattleHit[], regions: readonly RegionCount[]): Entry[] {
  return [...hits.flatMap(entriesOfBattle), ...regions.map(entryOfRegion)];
}

function entriesOfBattle(hit: BattleHit): Entry[] {
  const entries: Entry[] = [
    ["system", hit.systemId, hit.systemName],
    ["region", hit.regionId, hit.regionName],
    ...hit.mainAlliances.map((one): Entry => ["alliance", one.allianceId, one.allianceName]),
  ];
  for (const { topParty } of hit.sides) {
    if (topParty && topParty.partyType !== "faction") {
      entries.push([PARTY_KEYS[topParty.partyType], topParty.partyId, topParty.partyName]);
    }
  }
  for (const { type, id, name } of hit._matched) if (type !== "battle") entries.push([MATCHED_KEYS[type], id, name]);
  return entries;
}

export function namesInKillmails(hits: readonly KillmailHit[], regions: readonly RegionCount[]): Entry[] {
  const entries = hits.flatMap((hit): Entry[] => [
    ["system", hit.systemId, hit.systemName],
    ["region", hit.regionId, hit.regionName],
    ["ship", hit.shipTypeId, hit.shipTypeName],
    ["alliance", hit.victimAllianceId, hit.victimAllianceName],
    ["corp", hit.victimCorpId, hit.victimCorpName],
    ["pilot", hit.victimCharacterId, hit.victimCharacterName],
  ]);
  return [...entries, ...regions.map(entryOfRegion)];
}

function entryOfRegion({ regionId, regionName }: RegionCount): Entry {
  return ["region", regionId, regionName];
}
