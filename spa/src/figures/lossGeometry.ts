/** Where things stand in the figure of losses over time. */

import { useMemo } from "react";
import { count, shortIsk } from "@/lib/isk";
import { type Scale, sqrt } from "@/lib/scale";
import { type Bucket, cutHeight, type Measure } from "./buckets";

export const LEFT = 44;
export const RIGHT = 14;
const LANE = 18;
const AXIS = 18;

export type Pin = { at: number; text: string };
export type Quiet = { from: number; to: number };
export type Span = { from: number; to: number };

export function formatAmount(value: number, measure: Measure): string {
  return measure === "isk" ? shortIsk(Math.round(value).toString()) : count(Math.round(value));
}

export type Geometry = {
  top: number;
  bottom: number;
  axis: number;
  laneUp: number;
  laneDown: number;
  scale: Scale;
  cut: number;
};

/** Both directions have one scale, so that heights can be compared; the axis stands where both fit. */
export function useGeometry(
  buckets: readonly Bucket[],
  up: number | null | undefined,
  pinSpace: number,
  height: number,
): Geometry {
  return useMemo(() => {
    const ups = buckets.map((bucket) => (up === undefined ? 0 : (bucket.bySide.get(up) ?? 0)));
    const downs = buckets.map((bucket, index) => total(bucket) - (ups[index] ?? 0));
    const cut = cutHeight([...ups, ...downs]);
    const highest = Math.min(cut, Math.max(0, ...ups));
    const lowest = Math.min(cut, Math.max(0, ...downs));
    const top = pinSpace + LANE;
    const bottom = height - AXIS - LANE;
    const roots = Math.sqrt(highest) + Math.sqrt(lowest) || 1;
    const axis = top + ((bottom - top) * Math.sqrt(highest)) / roots;
    const unit = Math.min((axis - top) / (Math.sqrt(highest) || 1e-9), (bottom - axis) / (Math.sqrt(lowest) || 1e-9));
    const scale = sqrt(cut, Math.sqrt(cut) * unit);
    return { top, bottom, axis, laneUp: pinSpace + LANE / 2, laneDown: bottom + LANE / 2, scale, cut };
  }, [buckets, up, pinSpace, height]);
}

function total(bucket: Bucket): number {
  let sum = 0;
  for (const value of bucket.bySide.values()) sum += value;
  return sum;
}

export function middle(bucket: Bucket, x: Scale): number {
  return (x(bucket.from) + x(bucket.to)) / 2;
}

export function spanOf(buckets: readonly Bucket[], a: number, b: number): Span | undefined {
  const first = buckets[Math.min(a, b)];
  const last = buckets[Math.max(a, b)];
  return first && last && { from: first.from, to: last.to };
}

export type PlacedPin = Pin & { x: number; row: 0 | 1; anchor: "start" | "end" };

/** Labels in two rows, where they hide no other; what has no room is left out. */
export function placePins(pins: readonly Pin[], x: Scale, right: number): PlacedPin[] {
  const ends: [number, number] = [-Infinity, -Infinity];
  return [...pins]
    .sort((a, b) => a.at - b.at)
    .flatMap((pin): PlacedPin[] => {
      const width = pin.text.length * 5.9 + 14;
      const at = x(pin.at);
      const anchor = at + width > right ? "end" : "start";
      const left = anchor === "end" ? at - width : at;
      const row = ([0, 1] as const).find((one) => ends[one] <= left);
      if (row === undefined) return [];
      ends[row] = anchor === "end" ? at + 8 : at + width;
      return [{ ...pin, x: at, row, anchor }];
    });
}
