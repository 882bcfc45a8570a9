// @vitest-environment happy-dom
import { beforeEach, expect, test } from "vitest";
import { keepNames, knownName } from "./knownNames";

beforeEach(() => localStorage.clear());

test("a name that was shown is known for its id, and no other kind of thing has it", () => {
  keepNames([{ key: "pilot", id: "7", name: "Kael Senn" }]);
  expect(knownName("pilot", "7")).toBe("Kael Senn");
  expect(knownName("corp", "7")).toBeUndefined();
});

test("the names that were kept first are forgotten, one that is kept again stays", () => {
  const name = (index: number) => ({ key: "pilot" as const, id: `${index}`, name: `Pilot ${index}` });
  keepNames([name(0), name(1)]);
  keepNames([{ ...name(0), name: "Renamed" }]);
  keepNames(Array.from({ length: 199 }, (_, index) => name(index + 2)));
  expect(knownName("pilot", "1")).toBeUndefined();
  expect(knownName("pilot", "0")).toBe("Renamed");
});

test("what something else has written there is no name", () => {
  for (const kept of ["{", "null", "[]", '{"pilot:7":5}']) {
    localStorage.setItem("bs.names", kept);
    expect(knownName("pilot", "7")).toBeUndefined();
  }
});
