import { expect, test } from "vitest";
import type { SideRole } from "@/api/client";
import cases from "../../../docs/appearance-cases.json";
import { toCsv } from "./csv";
import { type EntityType, nameOf, partyKey, relatedUrls } from "./names";
import { bucketSeconds, quantile, sqrt, sqrtTicks, timeTicks } from "./scale";
import { type AnyParty, arrange, inBarOrder, topParty } from "./sides";
import { ago, clock, duration, namedDay } from "./time";
import { choices, ids, parseSearch, stringifySearch, whole } from "./url";

test.each([
  [45, "45 s"],
  [60, "1m"],
  [1440, "24m"],
  [4980, "1h 23m"],
  [7200, "2h"],
  [3900, "1h 05m"],
  [187_200, "2d 4h"],
])("%i seconds are %s", (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

test.each([
  ["2026-11-27T19:59:46Z", "14 s ago"],
  ["2026-11-27T19:58:55Z", "1m 05s ago"],
  ["2026-11-27T19:37:00Z", "23m ago"],
  ["2026-11-27T17:00:00Z", "3h ago"],
  ["2026-11-25T17:00:00Z", "2026-11-25"],
  ["2026-11-27T19:59:56Z", "just now"],
  ["2026-11-27T20:00:09Z", "just now"],
])("%s was %s", (time, text) => {
  expect(ago(time, Date.parse("2026-11-27T20:00:00Z"))).toBe(text);
});

test("EVE time is UTC", () => {
  expect(clock("2026-11-27T18:42:00+02:00")).toBe("16:42");
  expect(namedDay("2026-11-27")).toBe("Friday, 2026-11-27");
});

test("the address keeps repeated keys and leaves out what is empty", () => {
  const search = parseSearch("?space=highsec&space=wormhole&t=7d");
  expect(search).toEqual({ space: ["highsec", "wormhole"], t: "7d" });
  expect(stringifySearch({ ...search, q: "", side: undefined, party: "alliance:99" })).toBe(
    "?space=highsec&space=wormhole&t=7d&party=alliance%3A99",
  );
});

test("what an address cannot mean is dropped", () => {
  expect(choices(["nullsec", "jail"], ["highsec", "nullsec"])).toEqual(["nullsec"]);
  expect(choices("jail", ["highsec"])).toBeUndefined();
  expect([whole("12"), whole("-1"), whole("1e9"), ids(["1", "x"])]).toEqual([12, undefined, undefined, ["1"]]);
});

test("scales", () => {
  const scale = sqrt(100, 50);
  expect([scale(0), scale(25), scale(100), scale(-4)]).toEqual([0, 25, 50, 0]);
  expect(bucketSeconds(4980, 1000)).toBe(30);
  expect(bucketSeconds(4980, 360)).toBe(120);
  expect(quantile([3, 1, 2], 0.98)).toBe(3);
  expect(quantile([], 0.5)).toBe(0);
});

test("ticks are whole times inside the range", () => {
  const at = (time: string) => Date.parse(`2026-11-27T${time}Z`);
  const ticks = timeTicks(at("18:42:10"), at("20:05:00"), 3);
  expect(ticks.map((tick) => clock(tick))).toEqual(["19:00", "19:30", "20:00"]);
  expect(sqrtTicks(111e9).every((value) => value > 0 && value <= 111e9)).toBe(true);
  expect(sqrtTicks(0)).toEqual([]);
});

test.each(cases.arrangements)("sides stand as on cards of shares: $why", ({ sides, left, others, right }) => {
  const all = sides.map(([sideId, role]) => ({ sideId: sideId as number, role: role as SideRole }));
  const arranged = arrange(all);
  expect(arranged.left?.sideId ?? null).toBe(left);
  expect(arranged.others.map((side) => side.sideId)).toEqual(others);
  expect(arranged.right?.sideId ?? null).toBe(right);
  expect(inBarOrder(all).map((side) => side.sideId)).toEqual([left, ...others, right].filter((id) => id !== null));
});

test.each(cases.topParties)("the party that names a side is that of cards of shares: $why", ({ parties, top }) => {
  const all = parties.map(([partyType, partyId, pilots, iskLost]) => ({
    partyType: partyType as EntityType,
    partyId: partyId as string,
    pilots: pilots as number,
    iskLost: iskLost as string,
  }));
  for (const order of [all, [...all].reverse()]) expect(partyKey(topParty(order) as AnyParty)).toBe(top);
});

test("a missing name is never a bare id", () => {
  expect(nameOf(null, "Ship", "12345")).toBe("Unknown Ship #12345");
  expect(nameOf("Rifter", "Ship", "587")).toBe("Rifter");
});

test("other tools get the system and the hour", () => {
  expect(relatedUrls("30000142", "2026-11-27T18:42:31Z").zkillboard).toBe(
    "https://zkillboard.com/related/30000142/202611271800/",
  );
});

test("the own side stands left, whatever its numeral", () => {
  const sides = [
    { sideId: 1, role: "main" },
    { sideId: 2, role: "main", isOwn: true },
  ] as const;
  expect([arrange([...sides]).left?.sideId, arrange([...sides]).right?.sideId]).toEqual([2, 1]);
});

test("CSV keeps names as they are, and a spreadsheet runs none of them", () => {
  expect(
    toCsv([
      ["a,b", 'say "hi"', null, 3],
      ["=1+1", "漢字", "line\nbreak", "-"],
    ]),
  ).toBe('"a,b","say ""hi""",,3\r\n\'=1+1,漢字,"line\nbreak",\'-\r\n');
});
