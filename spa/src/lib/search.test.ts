import { expect, test } from "vitest";
import type { EverythingAnswer, MatchKind, NameMatch } from "@/api/client";
import { everythingFound, isInside, killmailHref } from "./found";
import { textParts } from "./highlights";
import { readRange } from "./ranges";
import { rangeLabel, rangeOf } from "./rangeText";
import { isLongEnough, readTyped, tidy } from "./searchText";

test("marked parts are counted in code points, also of characters that are two units", () => {
  expect(textParts("🚀 Horde", [{ start: 2, end: 7 }])).toEqual([
    { text: "🚀 ", isMarked: false },
    { text: "Horde", isMarked: true },
  ]);
});

test("marks that overlap, are out of order or reach too far lose no letter", () => {
  const parts = textParts("Pandemic Horde", [
    { start: 9, end: 99 },
    { start: 0, end: 4 },
    { start: 2, end: 6 },
  ]);
  expect(parts.map((part) => part.text).join("")).toBe("Pandemic Horde");
  expect(parts.filter((part) => part.isMarked).map((part) => part.text)).toEqual(["Pand", "em", "Horde"]);
  expect(textParts("a", [])).toEqual([{ text: "a", isMarked: false }]);
});

test.each([
  ["a", false],
  [" a ", false],
  ["ab", true],
  ["银", true],
  ["ガ", true],
  ["🚀", false],
  ["", false],
])("%j is long enough: %s", (text, is) => {
  expect(isLongEnough(text)).toBe(is);
});

test("signs ask for one kind; a number after # is that of a killmail", () => {
  expect(readTyped("@ vily")).toEqual({ scope: "pilots", q: "vily" });
  expect(readTyped("#hed-gp")).toEqual({ scope: "systems", q: "hed-gp" });
  expect(readTyped("> ongoing")).toEqual({ scope: "actions", q: "ongoing" });
  expect(readTyped("#137202920")).toEqual({ scope: "everything", q: "#137202920" });
  expect(readTyped("[CONDI]")).toEqual({ scope: "everything", q: "[CONDI]" });
  expect(tidy(`  a\t b${"x".repeat(200)}`)).toHaveLength(100);
});

test("a range is turned the right way round, and written in words", () => {
  expect(readRange("9..2")).toBe("2..9");
  expect(rangeOf("", "")).toBeUndefined();
  expect(rangeLabel("Kills", "2..9")).toBe("Kills 2 to 9");
  expect(rangeLabel("Kills", "..9")).toBe("Kills at most 9");
});

const match = (kind: MatchKind, field: NameMatch["field"] = "name"): NameMatch => ({
  field,
  kind,
  edits: kind === "typo" ? 1 : 0,
  highlights: [{ start: 0, end: 2 }],
});
const party = (id: string, name: string, ticker: string, kind: MatchKind, field?: NameMatch["field"]) => ({
  id,
  name,
  ticker,
  battleCount: 3,
  match: match(kind, field),
  lastSeenAt: null,
  allianceId: null,
  allianceName: null,
});
const NOTHING: EverythingAnswer = {
  status: "healthy",
  processingTimeMs: 1,
  query: "x",
  battles: [],
  killmails: [],
  entities: { alliances: [], corporations: [], characters: [] },
  systems: [],
  ships: [],
  totalResults: { battles: 0, killmails: 0, entities: 0, systems: 0, ships: 0 },
};
const SYSTEM = {
  id: "30000142",
  name: "Jita",
  battleCount: 1,
  regionId: "10000002",
  regionName: "The Forge",
  constellationId: null,
  constellationName: null,
  securityType: "highsec" as const,
  securityStatus: 0.9,
  systemClass: null,
  systemEffect: null,
  lastBattleAt: null,
};
const BATTLE = {
  _matched: [],
  _matchedTerms: [],
  relevanceScore: 1,
  id: "00000000-0000-4000-8000-000000000001",
  name: null,
  systemId: "30000142",
  systemName: "Jita",
  regionName: "The Forge",
  securityType: "highsec" as const,
  startTime: "2026-11-27T18:42:00Z",
  totalKills: 2,
  totalParticipants: 9,
  totalIskDestroyed: "1230000000.00",
  mainAlliances: [],
};

test("the group with the best match stands first, battles without a name of their own last", () => {
  const groups = everythingFound({
    ...NOTHING,
    entities: {
      alliances: [party("99000001", "Jita Holding", "JITA", "prefix")],
      corporations: [party("98000001", "Hita", "HITA", "typo")],
      characters: [],
    },
    systems: [{ ...SYSTEM, match: match("exact") }],
    battles: [BATTLE],
  });
  expect(groups.map((group) => group.kind)).toEqual(["system", "alliance", "corporation", "battle"]);
  expect(groups[0]?.items[0]).toMatchObject({
    href: "/battles?system=30000142",
    figure: "1 battle",
    detail: "The Forge",
  });
  expect(groups[2]?.items[0]?.isSimilar).toBe(true);
  expect(groups[3]?.items[0]).toMatchObject({ name: "Jita", figure: "1.23b ISK", href: `/battles/${BATTLE.id}` });
});

test("of equal matches the group whose first hit has more battles stands first", () => {
  const groups = (battleCount: number) =>
    everythingFound({
      ...NOTHING,
      entities: { ...NOTHING.entities, alliances: [party("1", "Perrigen Falls", "PERR", "prefix")] },
      systems: [{ ...SYSTEM, name: "Perimeter", battleCount, match: match("prefix") }],
    }).map((group) => group.kind);
  expect([groups(9), groups(1)]).toEqual([
    ["system", "alliance"],
    ["alliance", "system"],
  ]);
});

test("a battle that is called so stands before names that only begin so", () => {
  const own = { type: "battle" as const, id: BATTLE.id, name: "Jita burns", kind: "exact" as const, highlights: [] };
  const groups = everythingFound({
    ...NOTHING,
    battles: [{ ...BATTLE, name: "Jita burns", _matched: [own] }],
    systems: [{ ...SYSTEM, match: match("prefix") }],
  });
  expect(groups.map((group) => group.kind)).toEqual(["battle", "system"]);
});

test("what matches is marked where it matches: the name, or the ticker", () => {
  const alliances = [party("1", "Goons", "CONDI", "exact", "ticker"), party("2", "Condition", "COND", "prefix")];
  const [group] = everythingFound({ ...NOTHING, entities: { ...NOTHING.entities, alliances } });
  expect(group?.items.map((found) => [found.nameMarks.length, found.tickerMarks.length])).toEqual([
    [0, 1],
    [1, 0],
  ]);
});

test("without the search for battles the names are there all the same", () => {
  const answer = { ...NOTHING, battles: null, killmails: null, systems: [{ ...SYSTEM, match: match("exact") }] };
  expect(everythingFound(answer).map((group) => group.kind)).toEqual(["system"]);
  expect(everythingFound(NOTHING)).toEqual([]);
});

test("a killmail opens in its battle, else at zKillboard", () => {
  const zkbUrl = "https://zkillboard.com/kill/7/";
  expect(killmailHref({ battleId: "b", killmailId: "7", zkbUrl })).toBe("/battles/b/kills?mail=7");
  expect(killmailHref({ battleId: null, killmailId: "7", zkbUrl })).toBe(zkbUrl);
  expect([isInside("/battles"), isInside(zkbUrl)]).toEqual([true, false]);
});
