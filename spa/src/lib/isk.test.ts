import { expect, test } from "vitest";
import { count, fullIsk, iskClass, percent, shortIsk } from "./isk";
import { sumIsk } from "./isk-sum";

test.each([
  ["0", "0"],
  ["950", "950"],
  ["999.49", "999"],
  ["999.50", "1k"],
  ["12000.00", "12k"],
  ["456700000", "457m"],
  ["999999", "1m"],
  ["999499999", "999m"],
  ["999999999.99", "1b"],
  ["1230000000.00", "1.23b"],
  ["10000000000", "10b"],
  ["1200000000000", "1.2t"],
  ["9007199254740993.01", "9007t"],
  ["-56700000000", "−56.7b"],
])("%s ISK is %s", (text, short) => {
  expect(shortIsk(text)).toBe(short);
});

test("the full amount is exact where floats are not", () => {
  expect(fullIsk("9007199254740993.01")).toBe("9,007,199,254,740,993 ISK");
});

test.each([
  ["99999999.49", "isk-low"],
  ["100000000", "isk-mid"],
  ["1000000000", "isk-high"],
  ["10000000000", "isk-top"],
])("%s has the colour %s", (text, name) => {
  expect(iskClass(text)).toBe(name);
});

test("sums are exact", () => {
  expect(sumIsk(["0.10", "0.20", "9007199254740993.01"])).toBe("9007199254740993.31");
  expect(sumIsk(["5", "0.5"])).toBe("5.50");
  expect(sumIsk([])).toBe("0.00");
});

test("counts and percentages", () => {
  expect([count(1204), count(9999), count(12_412), percent(83.4)]).toEqual(["1,204", "9,999", "12.4k", "83 %"]);
});
