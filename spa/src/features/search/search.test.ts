import { expect, test } from "vitest";
import type { BattleHit, MatchedName } from "@/api/client";
import { activeFilters, withoutFilters } from "./filters";
import { asHit, battleCounts, otherMatches, titleOf, unique } from "./hits";
import { namesInBattles, namesOf } from "./names";
import { battleRequest, killmailRequest, listQuery, readSearchState } from "./search";

const NOW = Date.parse("2026-11-30T12:00:00Z");
const FULL = {
  q: " horde ",
  space: ["nullsec", "moon"],
  tier: "small",
  status: "closed",
  isk: "1000000000..",
  dur: "5..60",
  kills: "..90",
  system: ["30000142", "Jita"],
  region: "10000002",
  pilot: "90000001",
  t: "7d",
  sort: "kills",
};

test("the address becomes a search for battles", () => {
  expect(battleRequest(readSearchState(FULL), NOW)).toEqual({
    query: "horde",
    filters: {
      securityType: ["nullsec"],
      tier: ["single", "small"],
      status: ["closed", "historical"],
      startTime: { after: "2026-11-23T12:00:00.000Z" },
      totalKills: { max: 90 },
      totalIskDestroyed: { min: "1000000000" },
      duration: { min: 300, max: 3600 },
      systemIds: ["30000142"],
      regionIds: ["10000002"],
      characterIds: ["90000001"],
    },
    sort: { by: "totalKills" },
  });
});

test("the same address becomes a search for killmails, and one of the list of battles", () => {
  const state = readSearchState({ ...FULL, hull: ["titan", "x"], attackers: "..5", sort: "isk" });
  expect(killmailRequest(state, NOW)).toEqual({
    query: "horde",
    filters: {
      securityType: ["nullsec"],
      hullClass: ["titan"],
      timestamp: { after: "2026-11-23T12:00:00.000Z" },
      iskValue: { min: "1000000000" },
      attackerCount: { max: 5 },
      systemIds: ["30000142"],
      regionIds: ["10000002"],
      victimCharacterIds: ["90000001"],
    },
    sort: { by: "iskValue" },
  });
  expect(listQuery(state, NOW)).toMatchObject({
    security_type: ["nullsec"],
    tier: ["single", "small"],
    min_isk: "1000000000",
    max_kills: "90",
    min_duration: "300",
    start_time_after: "2026-11-23T12:00:00.000Z",
  });
  expect(listQuery(readSearchState({}), NOW)).toEqual({});
});

test("without state in the address everything is searched for, the newest first", () => {
  expect(battleRequest(readSearchState({}), NOW)).toEqual({ filters: {} });
  expect(killmailRequest(readSearchState({ q: "a" }), NOW)).toEqual({ filters: {} });
});

test("days that are named win over a period, and are put in order", () => {
  const state = readSearchState({ t: "7d", from: "2026-11-30", to: "2026-11-01" });
  expect(state).toEqual({ from: "2026-11-01", to: "2026-11-30" });
  expect(battleRequest(state, NOW).filters?.startTime).toEqual({
    after: "2026-11-01T00:00:00Z",
    before: "2026-11-30T23:59:59Z",
  });
});

test("nonsense in the address is dropped", () => {
  const odd = { type: "moons", from: "2026-13-45", t: "1y", isk: "a..b", kills: "..", hull: "barge", sort: "luck" };
  expect(readSearchState({ ...odd, alliance: "Iron", unknown: "1", q: "  " })).toEqual({});
});

test("numbers beyond those of the server are its largest", () => {
  const state = readSearchState({ kills: "999999999999999..", dur: "99999999999.." });
  const { totalKills, duration } = battleRequest(state, NOW).filters ?? {};
  expect([totalKills?.min, duration?.min]).toEqual([2 ** 31 - 1, 2 ** 31 - 1]);
});

test("only filters that the type of search uses are shown, each with its way out", () => {
  const state = readSearchState({
    space: ["nullsec", "lowsec"],
    hull: "titan",
    tier: "major",
    isk: "..5",
    alliance: "99",
  });
  const labels = (more: object) => activeFilters(readSearchState({ ...state, ...more }), () => "Iron Vanguard");
  expect(labels({}).map((filter) => filter.label)).toEqual([
    "Low",
    "Null",
    "Major",
    "Alliance Iron Vanguard",
    "ISK at most 5",
  ]);
  expect(labels({ type: "killmails" }).map((filter) => filter.label)).toEqual([
    "Low",
    "Null",
    "Titan",
    "Alliance Iron Vanguard",
    "ISK at most 5",
  ]);
  expect(labels({ type: "names" })).toEqual([]);
  expect(labels({})[0]?.without).toEqual({ space: ["nullsec"] });
  expect(withoutFilters(readSearchState({ ...FULL, type: "killmails" }))).toEqual({ q: "horde", type: "killmails" });
});

const match = (type: MatchedName["type"], id: string, name: string): MatchedName => ({
  type,
  id,
  name,
  kind: "exact",
  highlights: [{ start: 0, end: 1 }],
});
const side = (sideId: number, partyId: string) => ({
  sideId,
  role: null,
  pilots: 1,
  losses: 1,
  iskLost: "0.00",
  iskLostFitted: null,
  topParty: { partyType: "alliance" as const, partyId, partyName: `Alliance ${partyId}`, ticker: null },
  partyCount: null,
});
const HIT = {
  id: "b",
  name: null,
  systemId: "30000142",
  systemName: "Jita",
  regionId: "10000002",
  regionName: "The Forge",
  mainAlliances: [{ allianceId: "3", allianceName: "Third", participantCount: 1 }],
  sides: [side(1, "1"), side(2, "2")],
  _matched: [
    match("system", "30000142", "Jita"),
    match("alliance", "1", "Alliance 1"),
    match("alliance", "3", "Third"),
    match("character", "90", "Vily"),
  ],
} as unknown as BattleHit;

test("the matches that no column shows stand below the row", () => {
  expect(otherMatches(HIT).map((other) => other.name)).toEqual(["Third", "Vily"]);
  expect([titleOf(HIT), titleOf({ ...HIT, name: "The siege" })]).toEqual(["Jita", "The siege"]);
});

test("names of filters come from what is shown", () => {
  const nameOf = namesOf(namesInBattles([HIT], [{ regionId: "10000060", regionName: "Delve", count: 1 }]));
  expect([
    nameOf("pilot", "90"),
    nameOf("alliance", "2"),
    nameOf("alliance", "3"),
    nameOf("region", "10000060"),
  ]).toEqual(["Vily", "Alliance 2", "Third", "Delve"]);
  expect(nameOf("pilot", "91")).toBeUndefined();
});

test("counts are those of the filters: ended battles and small ones are of two kinds each", () => {
  const facets = {
    securityType: { nullsec: 5 },
    status: { open: 1, closed: 2, historical: 3 },
    tier: { single: 1, major: 4 },
    size: {},
    regions: [],
  };
  expect(battleCounts(facets)).toMatchObject({
    status: { open: 1, closed: 5 },
    tier: { small: 1, major: 4 },
  });
});

test("a battle on two pages is shown once, in its first place", () => {
  const items = [{ id: "a" }, { id: "b" }, { id: "a" }];
  expect(unique(items, (item) => item.id).map((item) => item.id)).toEqual(["a", "b"]);
  expect(asHit(HIT as never)._matched).toEqual([]);
});
