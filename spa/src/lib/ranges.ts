/** Ranges of numbers in an address: `min..max`, each end may be missing. */

import { text } from "./url";

/** What is no range is nothing; one that is the wrong way round is turned. */
export function readRange(value: unknown): string | undefined {
  const range = text(value);
  if (!range || !/^\d{0,15}\.\.\d{0,15}$/.test(range) || range === "..") return undefined;
  const { min, max } = ends(range);
  return min && max && Number(min) > Number(max) ? `${max}..${min}` : range;
}

export function ends(range: string | undefined): { min: string; max: string } {
  const [min = "", max = ""] = (range ?? "..").split("..");
  return { min, max };
}
