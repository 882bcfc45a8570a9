import type { HullClass } from "@/api/client";
import { hullLabel } from "@/lib/hulls";

/** Own drawings on a grid of 16 units: the heavier, the bigger and the more cut. Holes are even-odd. */
export const HULL_PATHS: Record<HullClass, string> = {
  titan: "M1 5.5h2L5 2h6l2 3.5h2v5h-2L11 14H5l-2-3.5H1zM4.2 7.1h7.6v1.8H4.2z",
  supercarrier: "M4 1.5h8L15.5 8 12 14.5H4L.5 8zM4.6 4.6h6.8v1.3H4.6zM3.6 7.35h8.8v1.3H3.6zM4.6 10.1h6.8v1.3H4.6z",
  force_auxiliary: "M5 1.8h6l4 4v4.4l-4 4H5l-4-4V5.8zM7.1 4.6h1.8v2.5h2.5v1.8H8.9v2.5H7.1V8.9H4.6V7.1h2.5z",
  dreadnought: "M4.5 2h7L15.2 8l-3.7 6h-7L.8 8zM8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6z",
  carrier: "M4 2.5h8L15 8l-3 5.5H4L1 8zM4.6 5.9h6.8v1.3H4.6zM4.6 8.8h6.8v1.3H4.6z",
  capital_industrial: "M1.5 3.5h10L15 8l-3.5 4.5h-10zM4 6h2v4H4zM7.4 6h2v4h-2z",
  battleship: "M1.2 3.6h8.3L15 8l-5.5 4.4H1.2L3.4 8zM5.2 5.9h4.6v1.3H5.2zM5.2 8.8h4.6v1.3H5.2z",
  battlecruiser: "M1.8 4.3h7.6L14.4 8l-5 3.7H1.8L3.8 8zM5.6 7.2h4.6v1.6H5.6z",
  cruiser: "M2.2 4.9h6.9L13.8 8l-4.7 3.1H2.2L4 8z",
  destroyer: "M2.8 5.9h6.6L13.2 8l-3.8 2.1H2.8z",
  frigate: "M3.6 6.3h5.2L12.2 8 8.8 9.7H3.6L4.8 8z",
  industrial: "M2 5h8.4l3.2 3-3.2 3H2zM4.6 6.6h1.3v2.8H4.6z",
  mining: "M2.4 5.6h5v1.5h1.2V5.6h2L13.4 8l-2.8 2.4h-2V8.9H7.4v1.5h-5z",
  shuttle: "M4.6 6.8h4.2L11.4 8 8.8 9.2H4.6z",
  capsule: "M5 8a3 1.9 0 1 0 6 0 3 1.9 0 0 0-6 0z",
  structure: "M8 1.5l5.6 3.2v6.6L8 14.5l-5.6-3.2V4.7zM8 5 5.4 6.5v3L8 11l2.6-1.5v-3z",
  other: "M8 4.4 11.6 8 8 11.6 4.4 8z",
};

type Props = {
  hull: HullClass | null;
  size?: number;
  /** Say the class to screen readers. */
  label?: boolean;
  /** Only the outline: a ship that is lost. */
  hollow?: boolean;
};

export function HullGlyph({ hull, size = 16, label, hollow }: Props) {
  const name = hullLabel(hull);
  return (
    <svg
      aria-hidden={label ? undefined : true}
      aria-label={label ? name : undefined}
      className="shrink-0"
      fill={hollow ? "none" : "currentColor"}
      fillRule="evenodd"
      height={size}
      role={label ? "img" : undefined}
      stroke={hollow ? "currentColor" : "none"}
      viewBox="0 0 16 16"
      width={size}
    >
      <path d={HULL_PATHS[hull ?? "other"]} />
    </svg>
  );
}
