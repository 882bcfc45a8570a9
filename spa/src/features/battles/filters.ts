/** The filters of the battle list in words. */

import { shortIsk } from "@/lib/isk";
import { knownName } from "@/lib/knownNames";
import { rangeLabel } from "@/lib/rangeText";
import { tierLabel } from "@/ui/marks";
import {
  type BattleSearch,
  NAME_KEYS,
  NAMES,
  RANGE_KEYS,
  RANGES,
  readSearch,
  type SORTS,
  type TIMES,
  timeOf,
} from "./search";

export const TIME_LABELS: Record<(typeof TIMES)[number], string> = {
  "1h": "1 hour",
  "24h": "24 hours",
  "7d": "7 days",
  "30d": "30 days",
  all: "Any time",
};
export const SORT_LABELS: Record<(typeof SORTS)[number], string> = {
  start_time: "Newest",
  isk_destroyed: "Most ISK lost",
  kills: "Most killmails",
  participants: "Most pilots",
  duration: "Longest",
};

export type ActiveFilter = { label: string; without: BattleSearch };

/** The filters that have no chip of their own, each with the search without it. */
export function activeFilters(search: BattleSearch): ActiveFilter[] {
  const found: ActiveFilter[] = [];
  for (const key of NAME_KEYS) {
    for (const value of search[key] ?? []) {
      const rest = search[key]?.filter((one) => one !== value);
      const label = `${NAMES[key].label} ${/^\d+$/.test(value) ? (knownName(key, value) ?? `#${value}`) : value}`;
      found.push({ label, without: readSearch({ ...search, [key]: rest }) });
    }
  }
  for (const key of RANGE_KEYS) {
    const range = search[key];
    if (range) {
      const label = rangeLabel(RANGES[key].label, range, key === "isk" ? shortIsk : undefined);
      found.push({ label, without: readSearch({ ...search, [key]: undefined }) });
    }
  }
  if (search.status) {
    const label = search.status === "open" ? "Ongoing" : "Ended";
    found.push({ label, without: readSearch({ ...search, status: undefined }) });
  }
  return found;
}

/** The filter that hides most, to be dropped first when nothing matches. */
export function strictest(search: BattleSearch): ActiveFilter | undefined {
  const named = activeFilters(search)[0];
  if (named) return named;
  if (search.tier) {
    return { label: `${tierLabel(search.tier)} or larger`, without: readSearch({ ...search, tier: undefined }) };
  }
  if (search.space) return { label: "the kinds of space", without: readSearch({ ...search, space: undefined }) };
  if (timeOf(search) === "all") return undefined;
  return { label: `the last ${TIME_LABELS[timeOf(search)]}`, without: readSearch({ ...search, t: undefined }) };
}
