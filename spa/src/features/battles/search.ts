/** The state of the battle list in its address, and the request that it stands for. */

import type { BattleStatus, SecurityType, SortBy, Tier } from "@/api/client";
import type { BattleQuery } from "@/api/queries";
import { ends, readRange } from "@/lib/ranges";
import { SPACES } from "@/lib/space";
import { choice, choices, defined, text } from "@/lib/url";

export const TIMES = ["1h", "24h", "7d", "30d", "all"] as const;
export const SORTS = [
  "start_time",
  "isk_destroyed",
  "kills",
  "participants",
  "duration",
] as const satisfies readonly SortBy[];
const TIERS = ["small", "skirmish", "battle", "major"] as const satisfies readonly Tier[];
const STATUSES = ["open", "closed"] as const;

const TIME_RANGES = {
  "1h": "last_hour",
  "24h": "last_24h",
  "7d": "last_7d",
  "30d": "last_30d",
  all: undefined,
} as const;

export const RANGES = {
  kills: { label: "Kills", min: "min_kills", max: "max_kills" },
  pilots: { label: "Pilots", min: "min_participants", max: "max_participants" },
  isk: { label: "ISK", min: "min_isk", max: "max_isk" },
  dur: { label: "Minutes", min: "min_duration", max: "max_duration" },
} as const;
type RangeKey = keyof typeof RANGES;
export const RANGE_KEYS = Object.keys(RANGES) as RangeKey[];

/** Places and people, by id or by name. */
export const NAMES = {
  system: { label: "System", id: "system_id", name: "system_name" },
  region: { label: "Region", id: "region_id", name: undefined },
  alliance: { label: "Alliance", id: "alliance_id", name: "alliance_name" },
  corp: { label: "Corporation", id: "corp_id", name: "corp_name" },
  pilot: { label: "Pilot", id: "character_id", name: "character_name" },
} as const;
export type NameKey = keyof typeof NAMES;
export const NAME_KEYS = Object.keys(NAMES) as NameKey[];

export type BattleSearch = {
  space?: SecurityType[];
  t?: (typeof TIMES)[number];
  tier?: Tier;
  status?: (typeof STATUSES)[number];
  sort?: (typeof SORTS)[number];
  dir?: "asc";
} & { [K in RangeKey]?: string } & { [K in NameKey]?: string[] };

export function readSearch(raw: Record<string, unknown>): BattleSearch {
  const ranges = Object.fromEntries(RANGE_KEYS.map((key) => [key, readRange(raw[key])]));
  const names = Object.fromEntries(NAME_KEYS.map((key) => [key, readNames(raw[key])]));
  return defined({
    space: choices(raw.space, SPACES),
    t: choice(raw.t, TIMES),
    tier: choice(raw.tier, TIERS),
    status: choice(raw.status, STATUSES),
    sort: choice(raw.sort, SORTS),
    dir: choice(raw.dir, ["asc"] as const),
    ...ranges,
    ...names,
  }) as BattleSearch;
}

function readNames(value: unknown): string[] | undefined {
  const names = (Array.isArray(value) ? value : [value])
    .map((one) => text(one)?.slice(0, 100))
    .filter((one): one is string => one !== undefined);
  return names.length ? names : undefined;
}

export function timeOf(search: BattleSearch): (typeof TIMES)[number] {
  return search.t ?? "all";
}

export function queryOf(search: BattleSearch): BattleQuery {
  const query: Record<string, unknown> = {
    security_type: search.space,
    time_range: TIME_RANGES[timeOf(search)],
    min_tier: search.tier,
    status: search.status && statusesOf(search.status),
    sort_by: search.sort,
    sort_order: search.dir,
  };
  for (const key of RANGE_KEYS) {
    const { min, max } = ends(search[key]);
    // The address has minutes, the API seconds.
    const scaled = (value: string) => (value === "" ? undefined : key === "dur" ? String(Number(value) * 60) : value);
    query[RANGES[key].min] = scaled(min);
    query[RANGES[key].max] = scaled(max);
  }
  for (const key of NAME_KEYS) {
    const values = search[key] ?? [];
    const found = values.filter((value) => /^\d+$/.test(value));
    query[NAMES[key].id] = found.length ? found : undefined;
    const nameParameter = NAMES[key].name;
    if (nameParameter) query[nameParameter] = values.find((value) => !/^\d+$/.test(value));
  }
  return defined(query) as BattleQuery;
}

function statusesOf(status: (typeof STATUSES)[number]): BattleStatus[] {
  return status === "open" ? ["open"] : ["closed", "historical"];
}
