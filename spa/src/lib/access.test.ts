import { expect, test } from "vitest";
import type { Capabilities } from "@/api/client";
import { mayEdit, mayUndo } from "./access";

const player = (rank: number, characterId = "2112000001") =>
  ({
    mode: "sso",
    canWrite: true,
    isSuperAdmin: false,
    account: { characters: [{ eveCharacterId: "2112000009" }, { eveCharacterId: characterId }] },
    features: [{ key: "battle-reports", rank }],
  }) as unknown as Capabilities;
const BY_ANN = { authorCharacterId: "2112000001" };

test.each([
  ["its author", player(20), true],
  ["another fleet commander", player(20, "2112000002"), false],
  ["a director", player(30, "2112000002"), true],
  ["its author who is no fleet commander any more", player(10), false],
  ["the owner of one machine", { ...player(0), mode: "off" as const, account: null }, true],
  ["a reader", { ...player(40), canWrite: false }, false],
])("an edit by Ann and %s", (_, access, expected) => {
  expect(mayUndo(access, BY_ANN)).toBe(expected);
});

test("an edit that was made without a login is undone by directors", () => {
  expect(mayUndo(player(20), { authorCharacterId: null })).toBe(false);
  expect(mayUndo(player(30), { authorCharacterId: null })).toBe(true);
});

test("what is not known yet allows nothing", () => {
  expect([mayEdit(undefined), mayUndo(undefined, BY_ANN)]).toEqual([false, false]);
});
