/** Ranges as they are typed and shown. */

import { ends, readRange } from "./ranges";

const MOST_DIGITS = 15;

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
