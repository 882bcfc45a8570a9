import type { SideRole } from "@/api/client";

export type AnySide = { sideId: number; role: SideRole };

/** Where the sides of a battle stand: the first two main sides left and right, all others between them. */
export function arrange<T extends AnySide>(
  sides: readonly T[],
): { left: T | undefined; right: T | undefined; others: T[] } {
  const main = sides.filter((side) => side.role === "main").sort((a, b) => a.sideId - b.sideId);
  const [left = sides[0], right = sides.find((side) => side !== left)] = main;
  return { left, right, others: sides.filter((side) => side !== left && side !== right) };
}

/** Left, others, right: as a bar shows them. */
export function inBarOrder<T extends AnySide>(sides: readonly T[]): T[] {
  const { left, right, others } = arrange(sides);
  return [left, ...others, right].filter((side): side is T => side !== undefined);
}
