import type { HullClass } from "@/api/client";

const LABELS: Record<HullClass, string> = {
  titan: "Titan",
  supercarrier: "Supercarrier",
  force_auxiliary: "Force auxiliary",
  dreadnought: "Dreadnought",
  carrier: "Carrier",
  capital_industrial: "Capital industrial",
  battleship: "Battleship",
  battlecruiser: "Battlecruiser",
  cruiser: "Cruiser",
  destroyer: "Destroyer",
  frigate: "Frigate",
  industrial: "Industrial",
  mining: "Mining ship",
  shuttle: "Shuttle",
  capsule: "Capsule",
  structure: "Structure",
  other: "Other",
};

export const HULL_CLASSES = Object.keys(LABELS) as HullClass[];

const CAPITALS: ReadonlySet<HullClass> = new Set(HULL_CLASSES.slice(0, 6));

export function hullLabel(hull: HullClass | null): string {
  return hull ? LABELS[hull] : "Unknown class";
}

export function isCapital(hull: HullClass | null): boolean {
  return hull !== null && CAPITALS.has(hull);
}

/** Heaviest first; what has no class comes last. */
export function hullOrder(hull: HullClass | null): number {
  return hull ? HULL_CLASSES.indexOf(hull) : HULL_CLASSES.length;
}
