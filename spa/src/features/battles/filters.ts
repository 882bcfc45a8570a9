/** The filters of the battle list in words. */

import type { SecurityType } from "@/api/client";
import { shortIsk } from "@/lib/isk";
import { tierLabel } from "@/ui/marks";
import {
  type BattleSearch,
  ends,
  NAME_KEYS,
  NAMES,
  RANGE_KEYS,
  RANGES,
  type RangeKey,
  readSearch,
  type SORTS,
  type TIMES,
  timeOf,
} from "./search";

export const SPACE_LABELS: Record<SecurityType, string> = {
  highsec: "High",
  lowsec: "Low",
  nullsec: "Null",
  wormhole: "Wormhole",
  pochven: "Pochven",
};
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
      const label = `${NAMES[key].label} ${/^\d+$/.test(value) ? `#${value}` : value}`;
      found.push({ label, without: readSearch({ ...search, [key]: rest }) });
    }
  }
  for (const key of RANGE_KEYS) {
    if (search[key])
      found.push({ label: rangeLabel(key, search[key]), without: readSearch({ ...search, [key]: undefined }) });
  }
  if (search.status) {
    const label = search.status === "open" ? "Ongoing" : "Ended";
    found.push({ label, without: readSearch({ ...search, status: undefined }) });
  }
  return found;
}

function rangeLabel(key: RangeKey, range: string): string {
  const { min, max } = ends(range);
  const show = (value: string) => (key === "isk" ? shortIsk(value) : value);
  const { label } = RANGES[key];
  if (min && max) return `${label} ${show(min)} to ${show(max)}`;
  return min ? `${label} at least ${show(min)}` : `${label} at most ${show(max)}`;
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
