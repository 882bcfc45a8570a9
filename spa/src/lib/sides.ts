import type { SideRole } from "@/api/client";
import { iskNumber } from "./isk";
import type { EntityType } from "./names";

/** `isOwn`: the side of the person who reads. */
export type AnySide = { sideId: number; role: SideRole; isOwn?: boolean };

/** Where the sides of a battle stand: the own or first main side left, the next right, all others between them. */
export function arrange<T extends AnySide>(
  sides: readonly T[],
): { left: T | undefined; right: T | undefined; others: T[] } {
  const main = sides
    .filter((side) => side.role === "main")
    .sort((a, b) => Number(isOwn(b)) - Number(isOwn(a)) || a.sideId - b.sideId);
  const [left = sides[0], right = sides.find((side) => side !== left)] = main;
  return { left, right, others: sides.filter((side) => side !== left && side !== right) };
}

export type AnyParty = { partyType: EntityType; partyId: string; pilots: number; iskLost: string };

/** The party that gives a side its name; docs/appearance.md has the rule, which the cards of shares follow too. */
export function topParty<T extends AnyParty>(parties: readonly T[]): T | undefined {
  return [...parties].sort(byRank)[0];
}

function byRank(a: AnyParty, b: AnyParty): number {
  return (
    b.pilots - a.pilots ||
    iskNumber(b.iskLost) - iskNumber(a.iskLost) ||
    (a.partyType < b.partyType ? -1 : a.partyType > b.partyType ? 1 : 0) ||
    Number(a.partyId) - Number(b.partyId)
  );
}

/** Left, others, right: as a bar shows them. */
export function inBarOrder<T extends AnySide>(sides: readonly T[]): T[] {
  const { left, right, others } = arrange(sides);
  return [left, ...others, right].filter((side): side is T => side !== undefined);
}

export function isOwn(side: AnySide): boolean {
  return side.isOwn === true;
}
