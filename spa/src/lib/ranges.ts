/** Ranges of numbers in an address: `min..max`, each end may be missing. */

import { text } from "./url";

const MOST_DIGITS = 15;

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

export function rangeOf(min: string, max: string): string | undefined {
  return readRange(`${min}..${max}`);
}

/** The digits of what was typed into one end. */
export function digitsOf(typed: string): string {
  return typed.replace(/\D/g, "").slice(0, MOST_DIGITS);
}

/** `ISK at least 1b`; `show` writes one number. */
export function rangeLabel(label: string, range: string, show: (value: string) => string = (value) => value): string {
  const { min, max } = ends(range);
  if (min && max) return `${label} ${show(min)} to ${show(max)}`;
  return min ? `${label} at least ${show(min)}` : `${label} at most ${show(max)}`;
}
