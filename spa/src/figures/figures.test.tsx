// @vitest-environment happy-dom
import { render, screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { bucketsOf, cutHeight, type FigureSide, type Loss } from "./buckets";
import { LossTable } from "./LossTable";
import { Spark } from "./Spark";
import { TugBar } from "./TugBar";

const START = Date.parse("2026-11-27T18:42:00Z");
const loss = (minutes: number, sideId: number | null, isk: number, hull: Loss["hull"] = "cruiser"): Loss => ({
  killmailId: `${minutes}-${sideId}-${isk}`,
  at: START + minutes * 60_000,
  sideId,
  isk,
  damage: 1000,
  hull,
  ship: "Muninn",
  victim: "Juno",
});
const LOSSES = [loss(0, 1, 100), loss(0.5, 2, 300), loss(0.9, 2, 200, "capsule"), loss(10, null, 50)];
const SIDES: FigureSide[] = [
  { sideId: 1, role: "main", name: "Meridian" },
  { sideId: 2, role: "main", name: "Iron" },
  { sideId: null, role: undefined, name: "Unassigned" },
];
const END = START + 10 * 60_000;

test("every loss is in exactly one bucket", () => {
  const buckets = bucketsOf(LOSSES, START, END, 60, "isk");
  expect(buckets).toHaveLength(11);
  expect(buckets.reduce((sum, bucket) => sum + bucket.losses, 0)).toBe(LOSSES.length);
  expect(Object.fromEntries(buckets[0]?.bySide ?? [])).toEqual({ 1: 100, 2: 500 });
  expect(buckets[10]?.bySide.get(null)).toBe(50);
});

test("ships are without capsules, damage is that of the victims", () => {
  expect(bucketsOf(LOSSES, START, END, 60, "ships")[0]?.bySide.get(2)).toBe(1);
  expect(bucketsOf(LOSSES, START, END, 60, "damage")[0]?.bySide.get(2)).toBe(2000);
});

test("one expensive loss is cut, an even fight is not", () => {
  const even = Array.from({ length: 100 }, () => 10);
  expect(cutHeight(even)).toBe(10);
  expect(cutHeight([...even, 1000])).toBe(13);
  expect(cutHeight([])).toBe(0);
});

test("the table has the numbers of the figure", () => {
  render(<LossTable end={END} losses={LOSSES} measure="isk" seconds={60} sides={SIDES} start={START} />);
  const rows = screen.getAllByRole("row").map((row) => [...row.children].map((cell) => cell.textContent));
  expect(rows.slice(1)).toEqual([
    ["18:42:00", "100", "500", "0", "3"],
    ["18:52:00", "0", "0", "50", "1"],
  ]);
});

test("a spark has one bar for each loss, stacked where sides share a part of time", () => {
  const { container } = render(
    <Spark
      label="Losses"
      spark={{
        bucketSeconds: 60,
        lost: [
          { sideId: 1, isk: [5, 0, 3] },
          { sideId: 2, isk: [0, 2] },
          { sideId: 3, isk: [0, 2] },
        ],
      }}
      up={1}
    />,
  );
  const paths = [...container.querySelectorAll("path")].map((path) => path.getAttribute("d") ?? "");
  expect(paths).toHaveLength(3);
  const bars = paths
    .flatMap((path) => [...path.matchAll(/M\S+ (\S+?)h\S+?v(\S+?)h/g)])
    .map((bar) => ({ y: Number(bar[1]), height: Number(bar[2]) }));
  expect(bars).toHaveLength(4);
  const [up, , below, lowest] = bars;
  expect(up && up.y < 17).toBe(true);
  expect(below && lowest && Math.abs(below.y + below.height - lowest.y) < 0.11).toBe(true);
});

test("a bar says in words what it shows", () => {
  render(
    <TugBar
      segments={[
        { sideId: 1, role: "main", value: 0 },
        { sideId: 2, role: "main", value: 5 },
      ]}
      sentence="ISK lost: A 0, B 5"
    />,
  );
  const bar = screen.getByRole("img", { name: "ISK lost: A 0, B 5" });
  expect(bar.children).toHaveLength(1);
});
