// @vitest-environment happy-dom
import { beforeEach, expect, test } from "vitest";
import type { Found } from "@/lib/found";
import { optionGroups } from "./options";
import { keepChoice, recentlyChosen } from "./recent";

const found = (id: string, more: Partial<Found> = {}): Found => ({
  kind: "alliance",
  id,
  name: `Alliance ${id}`,
  nameMarks: [{ start: 0, end: 3 }],
  ticker: "TICK",
  tickerMarks: [],
  detail: "",
  figure: "3 battles",
  isSimilar: true,
  href: `/battles?alliance=${id}`,
  lastSeenAt: null,
  place: null,
  ship: null,
  ...more,
});
const state = (typed: string, more: object = {}) =>
  optionGroups({ typed, suggestions: undefined, recent: [], isAway: false, ...more });
const labels = (groups: ReturnType<typeof state>) => groups.map((group) => group.label);

beforeEach(() => localStorage.clear());

test("before anything is typed: what was chosen last, and the pages", () => {
  expect(labels(state("", { recent: [found("1")] }))).toEqual(["Recent", "Go to"]);
  expect(labels(state("a"))).toEqual(["Go to"]);
});

test("a text has what was found, and the searches for it at the end", () => {
  const groups = state("hor", {
    suggestions: { groups: [{ kind: "alliance", items: [found("1")] }], isPartial: false },
  });
  expect(labels(groups)).toEqual(["Alliances", "Search"]);
  expect(groups.flatMap((group) => group.options.map((option) => option.href))).toEqual([
    "/battles?alliance=1",
    "/search?q=hor",
    "/search?q=hor&type=killmails",
  ]);
});

test("while the search is away battles are found by a whole name", () => {
  const suggestions = { groups: [{ kind: "alliance", items: [found("1")] }], isPartial: false };
  const groups = state("Iron Vanguard", { suggestions, isAway: true });
  expect(labels(groups)).toEqual(["Battles by a whole name", "Search"]);
  expect(groups[0]?.options[1]?.href).toBe("/battles?alliance=Iron+Vanguard");
});

test("> has pages alone, those whose name has the text", () => {
  expect(state("> ONGOING").flatMap((group) => group.options.map((option) => option.href))).toEqual([
    "/battles?status=open",
  ]);
  expect(state("> no such page")).toEqual([]);
});

test("ten choices are kept, the newest first, each once, without what was true of their search", () => {
  for (let id = 0; id < 12; id++) keepChoice(found(String(id)));
  keepChoice(found("5"));
  const kept = recentlyChosen();
  expect(kept.map((choice) => choice.id)).toEqual(["5", "11", "10", "9", "8", "7", "6", "4", "3", "2"]);
  expect(kept[0]).toMatchObject({ nameMarks: [], figure: "", isSimilar: false });
});

test("what is no choice is not offered, and leads nowhere else", () => {
  keepChoice(found("1"));
  const [kept] = recentlyChosen();
  const odd = [
    null,
    7,
    { ...kept, kind: "moon" },
    { ...kept, href: "javascript:alert(1)" },
    { ...kept, name: 5 },
    kept,
  ];
  localStorage.setItem("bs.recent", JSON.stringify(odd));
  expect(recentlyChosen()).toEqual([kept]);
  localStorage.setItem("bs.recent", "{");
  expect(recentlyChosen()).toEqual([]);
});
