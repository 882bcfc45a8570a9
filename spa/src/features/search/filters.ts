/** The filters of the search page in words, each with the state without it. */

import { hullLabel } from "@/lib/hulls";
import { shortIsk } from "@/lib/isk";
import { rangeLabel } from "@/lib/rangeText";
import { SPACE_LABELS } from "@/lib/spaceLabels";
import { tierLabel } from "@/ui/marks";
import type { NameOf } from "./names";
import {
  ID_KEYS,
  type IdKey,
  isUsed,
  type Patch,
  type PERIODS,
  RANGES,
  type RangeKey,
  readSearchState,
  type SearchState,
  type STATUSES,
  typeOf,
} from "./search";

export const RANGE_LABELS: Record<RangeKey, string> = {
  isk: "ISK",
  kills: "Kills",
  pilots: "Pilots",
  dur: "Minutes",
  attackers: "Attackers",
};
export const STATUS_LABELS: Record<(typeof STATUSES)[number], string> = { open: "Ongoing", closed: "Ended" };
export const PERIOD_LABELS: Record<(typeof PERIODS)[number], string> = {
  "24h": "Last 24 hours",
  "7d": "Last 7 days",
  "30d": "Last 30 days",
};
const ID_LABELS: Record<IdKey, string> = {
  system: "System",
  region: "Region",
  alliance: "Alliance",
  corp: "Corporation",
  pilot: "Pilot",
  ship: "Ship",
};

/** without: what changes when it is dropped. */
export type ActiveFilter = { label: string; without: Patch };

/** The filters that the type of search shown uses. */
export function activeFilters(state: SearchState, nameOf: NameOf): ActiveFilter[] {
  const type = typeOf(state);
  const filters: ActiveFilter[] = [];
  const add = (label: string, without: Patch) => filters.push({ label, without });
  const each = <T extends string>(
    key: keyof SearchState,
    values: readonly T[] | undefined,
    label: (one: T) => string,
  ) => {
    if (!isUsed(type, key)) return;
    for (const value of values ?? []) add(label(value), { [key]: values?.filter((one) => one !== value) });
  };
  each("space", state.space, (space) => SPACE_LABELS[space]);
  each("tier", state.tier, tierLabel);
  each("status", state.status && [state.status], (status) => STATUS_LABELS[status]);
  each("hull", state.hull, hullLabel);
  for (const key of ID_KEYS) each(key, state[key], (id) => `${ID_LABELS[key]} ${nameOf(key, id) ?? `#${id}`}`);
  for (const key of RANGES) {
    const range = state[key];
    if (range && isUsed(type, key)) {
      add(rangeLabel(RANGE_LABELS[key], range, key === "isk" ? shortIsk : undefined), { [key]: undefined });
    }
  }
  each("t", state.t && [state.t], (period) => PERIOD_LABELS[period]);
  each("from", state.from ? [state.from] : [], (day) => `From ${day}`);
  each("to", state.to ? [state.to] : [], (day) => `Until ${day}`);
  return filters;
}

/** The same search without any filter. */
export function withoutFilters({ q, type }: SearchState): SearchState {
  return readSearchState({ q, type });
}
