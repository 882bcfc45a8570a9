/** What is asked of search-api: completions, everything at once, battles and killmails; and what stands in for them. */

import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { everythingFound, type Found, type FoundGroup, type FoundKind, foundPilot, foundSystem } from "@/lib/found";
import type { Scope } from "@/lib/searchText";
import { type BattleItem, type BattleSearchRequest, type KillmailSearchRequest, request } from "./client";
import { type BattleQuery, within } from "./queries";

export const HITS_A_PAGE = 25;
/** The server counts and turns pages up to here. */
export const MOST_HITS = 10_000;
const OF_A_GROUP = 6;
const OF_ONE_GROUP = 20;
/** As many as the search over everything gives. */
const NAMES_OF_A_KIND = 10;

export type BattleRequest = Omit<BattleSearchRequest, "page">;
export type KillmailRequest = Omit<KillmailSearchRequest, "page">;

/** isPartial: battles and killmails are not searched for now, names are. */
export type Suggestions = { groups: FoundGroup[]; isPartial: boolean };

export const suggestions = (scope: Scope, q: string) =>
  queryOptions({
    queryKey: ["search", "suggestions", scope, q],
    queryFn: ({ signal }) => suggest(scope, q, within(signal)),
    placeholderData: keepPreviousData,
  });

async function suggest(scope: Scope, q: string, signal: AbortSignal): Promise<Suggestions> {
  if (scope === "pilots") {
    const query = { q, type: ["character" as const], limit: OF_ONE_GROUP };
    const { characters } = await request("GET /api/search/entities", { query, signal });
    return { groups: oneGroup("character", characters.map(foundPilot)), isPartial: false };
  }
  if (scope === "systems") {
    const { systems } = await request("GET /api/search/systems", { query: { q, limit: OF_ONE_GROUP }, signal });
    return { groups: oneGroup("system", systems.map(foundSystem)), isPartial: false };
  }
  const answer = await request("GET /api/search/global", { query: { q, limit: OF_A_GROUP }, signal });
  return { groups: everythingFound(answer), isPartial: answer.battles === null };
}

function oneGroup(kind: FoundKind, items: Found[]): FoundGroup[] {
  return items.length > 0 ? [{ kind, items }] : [];
}

/** The names that a text may mean, the best groups first. */
export const namesFound = (q: string) =>
  queryOptions({
    queryKey: ["search", "names", q],
    queryFn: async ({ signal }) => {
      const query = { q, limit: NAMES_OF_A_KIND };
      const answer = await request("GET /api/search/global", { query, signal: within(signal) });
      const { entities, systems, ships } = answer.totalResults;
      const groups = everythingFound({ ...answer, battles: [], killmails: [] });
      return { groups, total: entities + systems + ships };
    },
    placeholderData: keepPreviousData,
  });

export const battlesFound = (search: BattleRequest) =>
  infiniteQueryOptions({
    queryKey: ["search", "battles", search],
    queryFn: ({ signal, pageParam }) =>
      request("POST /api/search/battles", {
        body: { ...search, page: { limit: HITS_A_PAGE, offset: pageParam } },
        signal: within(signal),
      }),
    initialPageParam: 0,
    getNextPageParam: nextOffset,
    placeholderData: keepPreviousData,
  });

export const killmailsFound = (search: KillmailRequest) =>
  infiniteQueryOptions({
    queryKey: ["search", "killmails", search],
    queryFn: ({ signal, pageParam }) =>
      request("POST /api/search/killmails", {
        body: { ...search, page: { limit: HITS_A_PAGE, offset: pageParam } },
        signal: within(signal),
      }),
    initialPageParam: 0,
    getNextPageParam: nextOffset,
    placeholderData: keepPreviousData,
  });

type Page = { offset: number; limit: number; hits: readonly unknown[]; estimatedTotalHits: number };

function nextOffset(page: Page): number | undefined {
  const next = page.offset + page.hits.length;
  return page.hits.length > 0 && next < Math.min(page.estimatedTotalHits, MOST_HITS) ? next : undefined;
}

const NAME_PARAMETERS = ["system_name", "alliance_name", "corp_name", "character_name"] as const;

/** What the list of battles finds by a name, while the search engine does not answer. */
export const battlesByName = (q: string, filters: BattleQuery) =>
  queryOptions({
    queryKey: ["search", "by-name", q, filters],
    queryFn: async ({ signal }) => {
      const queries = q ? NAME_PARAMETERS.map((parameter) => ({ ...filters, [parameter]: q })) : [filters];
      const answers = await Promise.all(
        queries.map((query) =>
          request("GET /api/battles", { query: { ...query, limit: HITS_A_PAGE }, signal: within(signal) }),
        ),
      );
      const battles = new Map(answers.flatMap((answer) => answer.items).map((battle) => [battle.id, battle]));
      return [...battles.values()].sort(newestFirst).slice(0, HITS_A_PAGE);
    },
  });

function newestFirst(a: BattleItem, b: BattleItem): number {
  return Date.parse(b.startTime) - Date.parse(a.startTime);
}
