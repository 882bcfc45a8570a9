/** The state of the search page in its address, and the requests that it stands for. */

import type {
  BattleOrder,
  BattleSearchFilters,
  BattleStatus,
  HullClass,
  KillmailSearchFilters,
  SecurityType,
  Tier,
} from "@/api/client";
import type { BattleQuery } from "@/api/queries";
import type { BattleRequest, KillmailRequest } from "@/api/searches";
import { HULL_CLASSES } from "@/lib/hulls";
import { ends, readRange } from "@/lib/ranges";
import { isLongEnough, tidy } from "@/lib/searchText";
import { SPACES } from "@/lib/space";
import { choice, choices, defined, ids, text } from "@/lib/url";

export const TYPES = ["battles", "killmails", "names"] as const;
export type SearchType = (typeof TYPES)[number];
export const TIERS = ["small", "skirmish", "battle", "major"] as const satisfies readonly Tier[];
export const STATUSES = ["open", "closed"] as const;
export const PERIODS = ["24h", "7d", "30d"] as const;
export const SORTS = ["time", "isk", "kills"] as const;
export const RANGES = ["isk", "kills", "pilots", "dur", "attackers"] as const;
/** Whose ids the address has: of battles those that took part, of killmails the victim, and where it was. */
export const ID_KEYS = ["system", "region", "alliance", "corp", "pilot", "ship"] as const;
export type RangeKey = (typeof RANGES)[number];
export type IdKey = (typeof ID_KEYS)[number];

export type SearchState = {
  q?: string;
  type?: Exclude<SearchType, "battles">;
  space?: SecurityType[];
  tier?: (typeof TIERS)[number][];
  status?: (typeof STATUSES)[number];
  hull?: HullClass[];
  t?: (typeof PERIODS)[number];
  /** Days, both included. */
  from?: string;
  to?: string;
  sort?: (typeof SORTS)[number];
} & { [K in RangeKey]?: string } & { [K in IdKey]?: string[] };

/** What changes; undefined is dropped. */
export type Patch = Partial<Record<keyof SearchState, unknown>>;

/** Puts the changed part into the address; with `replace`, Back does not return to the former one. */
export type Change = (patch: Patch, replace?: boolean) => void;

export function readSearchState(raw: Record<string, unknown>): SearchState {
  const days = [readDay(raw.from), readDay(raw.to)];
  const [from, to] = days[0] && days[1] ? days.sort() : days;
  return defined({
    q: tidy(text(raw.q) ?? "") || undefined,
    type: choice(raw.type, ["killmails", "names"] as const),
    space: choices(raw.space, SPACES),
    tier: choices(raw.tier, TIERS),
    status: choice(raw.status, STATUSES),
    hull: choices(raw.hull, HULL_CLASSES),
    // Days that are named say more than a period.
    t: from || to ? undefined : choice(raw.t, PERIODS),
    from,
    to,
    sort: choice(raw.sort, SORTS),
    ...Object.fromEntries(RANGES.map((key) => [key, readRange(raw[key])])),
    ...Object.fromEntries(ID_KEYS.map((key) => [key, ids(raw[key])])),
  }) as SearchState;
}

function readDay(value: unknown): string | undefined {
  const day = text(value);
  const isDay = day !== undefined && /^20\d\d-\d\d-\d\d$/.test(day) && !Number.isNaN(Date.parse(`${day}T00:00:00Z`));
  return isDay ? day : undefined;
}

export function typeOf(state: SearchState): SearchType {
  return state.type ?? "battles";
}

/** What a search for this type does with the state; the rest waits in the address for another type. */
const USED: Record<Exclude<SearchType, "names">, readonly (keyof SearchState)[]> = {
  battles: [
    "space",
    "tier",
    "status",
    "isk",
    "kills",
    "pilots",
    "dur",
    "system",
    "region",
    "alliance",
    "corp",
    "pilot",
  ],
  killmails: ["space", "hull", "isk", "attackers", "system", "region", "alliance", "corp", "pilot", "ship"],
};

export function isUsed(type: SearchType, key: keyof SearchState): boolean {
  return type !== "names" && (USED[type].includes(key) || key === "t" || key === "from" || key === "to");
}

/** What the server searches for: a text that is too short finds everything, as none does. */
export function queryTextOf(state: SearchState): string | undefined {
  return state.q && isLongEnough(state.q) ? state.q : undefined;
}

const PERIOD_MS = { "24h": 86_400_000, "7d": 7 * 86_400_000, "30d": 30 * 86_400_000 } as const;

function timesOf({ t, from, to }: SearchState, now: number): { after?: string; before?: string } | undefined {
  if (t) return { after: new Date(now - PERIOD_MS[t]).toISOString() };
  const days = defined({ after: from && `${from}T00:00:00Z`, before: to && `${to}T23:59:59Z` });
  return Object.keys(days).length ? days : undefined;
}

function numbersOf(range: string | undefined, unit = 1): { min?: number; max?: number } | undefined {
  if (!range) return undefined;
  const { min, max } = ends(range);
  // The server has whole numbers of 31 bits.
  const number = (digits: string) => (digits === "" ? undefined : Math.min(Number(digits) * unit, 2 ** 31 - 1));
  return defined({ min: number(min), max: number(max) });
}

function iskOf(range: string | undefined): { min?: string; max?: string } | undefined {
  if (!range) return undefined;
  const { min, max } = ends(range);
  return defined({ min: min || undefined, max: max || undefined });
}

const BATTLE_ORDERS = {
  time: "startTime",
  isk: "totalIskDestroyed",
  kills: "totalKills",
} as const satisfies Record<(typeof SORTS)[number], BattleOrder>;

export function battleRequest(state: SearchState, now: number): BattleRequest {
  const filters: BattleSearchFilters = defined({
    securityType: state.space,
    tier: state.tier && withSingle(state.tier),
    status: state.status && statusesOf(state.status),
    startTime: timesOf(state, now),
    totalKills: numbersOf(state.kills),
    totalIskDestroyed: iskOf(state.isk),
    totalParticipants: numbersOf(state.pilots),
    duration: numbersOf(state.dur, 60),
    systemIds: state.system,
    regionIds: state.region,
    allianceIds: state.alliance,
    corpIds: state.corp,
    characterIds: state.pilot,
  });
  return { ...query(state), filters, ...(state.sort && { sort: { by: BATTLE_ORDERS[state.sort] } }) };
}

export function killmailRequest(state: SearchState, now: number): KillmailRequest {
  const filters: KillmailSearchFilters = defined({
    securityType: state.space,
    hullClass: state.hull,
    timestamp: timesOf(state, now),
    iskValue: iskOf(state.isk),
    attackerCount: numbersOf(state.attackers),
    systemIds: state.system,
    regionIds: state.region,
    shipTypeIds: state.ship,
    victimAllianceIds: state.alliance,
    victimCorpIds: state.corp,
    victimCharacterIds: state.pilot,
  });
  return { ...query(state), filters, ...(state.sort === "isk" && { sort: { by: "iskValue" as const } }) };
}

/** The same filters for the list of battles, which stands in while the search engine does not answer. */
export function listQuery(state: SearchState, now: number): BattleQuery {
  const times = timesOf(state, now);
  const [kills, pilots, duration, isk] = [state.kills, state.pilots, state.dur, state.isk].map((range) => ends(range));
  const seconds = (minutes: string | undefined) => minutes && String(Number(minutes) * 60);
  const wanted = {
    security_type: state.space,
    tier: state.tier && withSingle(state.tier),
    status: state.status && statusesOf(state.status),
    start_time_after: times?.after,
    start_time_before: times?.before,
    min_kills: kills?.min,
    max_kills: kills?.max,
    min_participants: pilots?.min,
    max_participants: pilots?.max,
    min_duration: seconds(duration?.min),
    max_duration: seconds(duration?.max),
    min_isk: isk?.min,
    max_isk: isk?.max,
    system_id: state.system,
    region_id: state.region,
    alliance_id: state.alliance,
    corp_id: state.corp,
    character_id: state.pilot,
  };
  return Object.fromEntries(
    Object.entries(wanted).filter(([, value]) => value !== undefined && value !== ""),
  ) as BattleQuery;
}

function query(state: SearchState): { query?: string } {
  return defined({ query: queryTextOf(state) });
}

/** A battle of one killmail is small, too. */
function withSingle(tiers: readonly Tier[]): Tier[] {
  return tiers.includes("small") ? ["single", ...tiers] : [...tiers];
}

function statusesOf(status: (typeof STATUSES)[number]): BattleStatus[] {
  return status === "open" ? ["open"] : ["closed", "historical"];
}
