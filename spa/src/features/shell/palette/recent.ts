/** What was chosen in this browser before, the newest first. */

import { type Found, KIND_LABELS } from "@/lib/found";
import { read, write } from "@/lib/storage";

const KEY = "bs.recent";
const MOST = 10;

export function recentlyChosen(): Found[] {
  try {
    const kept: unknown = JSON.parse(read(KEY) ?? "[]");
    return Array.isArray(kept) ? kept.filter(isFound).slice(0, MOST) : [];
  } catch {
    return [];
  }
}

/** Keep a choice without what was only true of that search. */
export function keepChoice(found: Found): void {
  const choice: Found = { ...found, nameMarks: [], tickerMarks: [], figure: "", isSimilar: false };
  const others = recentlyChosen().filter((other) => other.href !== found.href);
  write(KEY, JSON.stringify([choice, ...others].slice(0, MOST)));
}

/** An earlier release may have kept something else. */
function isFound(value: unknown): value is Found {
  if (typeof value !== "object" || value === null) return false;
  const found = value as Partial<Found>;
  const texts = [found.id, found.name, found.detail, found.figure, found.href];
  return (
    texts.every((text) => typeof text === "string") &&
    String(found.kind) in KIND_LABELS &&
    Array.isArray(found.nameMarks) &&
    Array.isArray(found.tickerMarks) &&
    /^(\/|https:\/\/zkillboard\.com\/)/.test(String(found.href))
  );
}
