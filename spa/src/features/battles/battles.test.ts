import { expect, test } from "vitest";
import type { BattleItem } from "@/api/client";
import { totalText } from "./BattlesPage";
import { groupByDay, rowTop, topOf } from "./days";
import { activeFilters, strictest } from "./filters";
import { inTheirPlaces } from "./LiveStrip";
import { queryOf, readSearch } from "./search";
import { replaced } from "./useLiveBattles";

test("the address becomes the request", () => {
  const search = readSearch({
    space: ["nullsec", "x"],
    kills: "10..",
    isk: "..5000000000",
    dur: "5..60",
    system: ["30000142", "UH-9ZG"],
    tier: "major",
  });
  expect(queryOf(search)).toEqual({
    security_type: ["nullsec"],
    min_tier: "major",
    min_kills: "10",
    max_isk: "5000000000",
    min_duration: "300",
    max_duration: "3600",
    system_id: ["30000142"],
    system_name: "UH-9ZG",
  });
});

test("without state in the address: everything", () => {
  expect(queryOf(readSearch({}))).toEqual({});
  expect(queryOf(readSearch({ t: "7d", sort: "kills", dir: "asc" }))).toEqual({
    time_range: "last_7d",
    sort_by: "kills",
    sort_order: "asc",
  });
});

test("nonsense in the address is dropped", () => {
  expect(readSearch({ t: "never", kills: "a..b", isk: "..", status: "lost", unknown: "1" })).toEqual({});
});

test("each filter can be removed alone", () => {
  const search = readSearch({ alliance: "Iron Vanguard", kills: "2..", isk: "1000000000..", status: "open" });
  expect(activeFilters(search).map((filter) => filter.label)).toEqual([
    "Alliance Iron Vanguard",
    "Kills at least 2",
    "ISK at least 1b",
    "Ongoing",
  ]);
  expect(activeFilters(search)[0]?.without).toEqual({ kills: "2..", isk: "1000000000..", status: "open" });
  expect(strictest(readSearch({ tier: "major" }))?.label).toBe("Major or larger");
  expect(strictest(readSearch({ t: "7d" }))?.without).toEqual({});
  expect(strictest(readSearch({}))).toBeUndefined();
});

const item = (id: string, startTime: string, revision = 1) => ({ id, startTime, revision }) as BattleItem;

test("cards of ongoing battles stay in their places, and new ones take those of battles that have ended", () => {
  const strip = (...ids: string[]) => ({
    ...{ nextCursor: null, hasMore: false, totalCount: ids.length, appliedFilters: { summary: "", filters: {} } },
    items: ids.map((id) => item(id, "2026-11-28T20:00:00Z")),
  });
  const idsOf = (shown: string[], newer: string[]) =>
    inTheirPlaces(strip(...shown), strip(...newer)).items.map(({ id }) => id);
  expect(idsOf(["a"], ["b", "a"])).toEqual(["a", "b"]);
  expect(idsOf(["a", "b", "c"], ["d", "c", "a"])).toEqual(["a", "d", "c"]);
  expect(idsOf(["a", "b", "c"], ["c"])).toEqual(["c"]);
  expect(inTheirPlaces(undefined, strip("b", "a")).items.map(({ id }) => id)).toEqual(["b", "a"]);
});

test("rows change in their places and nothing moves", () => {
  const page = { nextCursor: null, hasMore: false, totalCount: 2, appliedFilters: { summary: "", filters: {} } };
  const first = { ...page, items: [item("a", "2026-01-02T01:00:00Z"), item("b", "2026-01-01T01:00:00Z")] };
  const second = { ...page, items: [item("c", "2026-01-01T00:00:00Z")] };
  const data = { pages: [first, second], pageParams: ["", "x"] };
  const after = replaced(data, [item("b", "2026-01-01T01:00:00Z", 7), item("z", "2026-01-03T00:00:00Z")]);
  expect(after.pages.flatMap((one) => one.items.map((battle) => `${battle.id}${battle.revision}`))).toEqual([
    "a1",
    "b7",
    "c1",
  ]);
  expect(after.pages[1]).toBe(second);
});

test("days are those of EVE time", () => {
  const days = groupByDay([
    item("a", "2026-01-02T00:30:00+01:00"),
    item("b", "2026-01-01T22:00:00Z"),
    item("c", "2025-12-31T23:00:00Z"),
  ]);
  expect(days.map((day) => [day.date, day.battles.length])).toEqual([
    ["2026-01-01", 2],
    ["2025-12-31", 1],
  ]);
  const heights = { head: 30, row: 49 };
  expect([0, 1].map((index) => topOf(days, index, heights))).toEqual([0, 30 + 2 * 49]);
  expect([0, 1, 2].map((row) => rowTop(days, row, heights))).toEqual([30, 79, 30 + 2 * 49 + 30]);
});

test("a number is about right only where the server counts so", () => {
  expect([totalText(159), totalText(9999), totalText(10_000)]).toEqual(["159", "9,999", "about 10k"]);
});
