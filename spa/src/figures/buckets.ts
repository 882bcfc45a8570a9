/** Losses in equal parts of time: the numbers behind the figure and behind its table. */

import type { HullClass, SideRole } from "@/api/client";
import { quantile } from "@/lib/scale";

export type Loss = {
  killmailId: string;
  at: number;
  sideId: number | null;
  isk: number;
  damage: number;
  hull: HullClass | null;
  ship: string;
  victim: string;
};

export type FigureSide = { sideId: number | null; role: SideRole | undefined; name: string };

export type Measure = "isk" | "ships" | "damage";

export type Bucket = { from: number; to: number; bySide: ReadonlyMap<number | null, number>; losses: number };

/** Buckets from `start` to `end` in milliseconds. `ships` counts no capsules. */
export function bucketsOf(
  losses: readonly Loss[],
  start: number,
  end: number,
  seconds: number,
  measure: Measure,
): Bucket[] {
  const size = seconds * 1000;
  const count = Math.max(1, Math.floor((end - start) / size) + 1);
  const sums = Array.from({ length: count }, () => ({ bySide: new Map<number | null, number>(), losses: 0 }));
  for (const loss of losses) {
    const sum = sums[Math.min(count - 1, Math.max(0, Math.floor((loss.at - start) / size)))];
    if (!sum) continue;
    sum.bySide.set(loss.sideId, (sum.bySide.get(loss.sideId) ?? 0) + amountOf(loss, measure));
    sum.losses += 1;
  }
  return sums.map((sum, index) => ({ from: start + index * size, to: start + (index + 1) * size, ...sum }));
}

function amountOf(loss: Loss, measure: Measure): number {
  if (measure === "isk") return loss.isk;
  if (measure === "damage") return loss.damage;
  return loss.hull === "capsule" ? 0 : 1;
}

/** Bars above this are cut: one expensive loss would flatten all others. */
export function cutHeight(heights: readonly number[]): number {
  const usual = quantile(
    heights.filter((height) => height > 0),
    0.98,
  );
  const highest = Math.max(0, ...heights);
  return usual > 0 && highest > 1.3 * usual ? 1.3 * usual : highest;
}

/** Of the sides of a figure: the one that is drawn upwards, and the others. */
export function upwards(sides: readonly FigureSide[]): number | null | undefined {
  return (sides.find((side) => side.role === "main") ?? sides[0])?.sideId;
}
