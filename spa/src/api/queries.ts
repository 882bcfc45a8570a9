/** What pages read: the key and the request of each, in one place. */

import {
  infiniteQueryOptions,
  keepPreviousData,
  MutationCache,
  QueryCache,
  QueryClient,
  queryOptions,
} from "@tanstack/react-query";
import { type HullClass, type Operations, type ParticipantSort, request } from "./client";
import { isTransient, recoverDelay, retryDelay, statusOf } from "./errors";

export type BattleQuery = NonNullable<Operations["GET /api/battles"]["query"]>;

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** A request without an answer for so long has failed: a connection may hang for minutes. */
const ANSWER_MS = 30 * SECOND;

export function newQueryClient(): QueryClient {
  /** A login that ended shows by any answer; who is there then decides what the frame shows. */
  const checkLogin = (error: unknown) => {
    if (statusOf(error) === 401) void client.invalidateQueries({ queryKey: capabilities().queryKey });
  };
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({
      onError: (error, query) => query.queryKey[0] !== capabilities().queryKey[0] && checkLogin(error),
    }),
    mutationCache: new MutationCache({ onError: checkLogin }),
    defaultOptions: {
      queries: {
        staleTime: 30 * SECOND,
        gcTime: 10 * MINUTE,
        retry: (failures, error) => isTransient(error) && failures < (statusOf(error) === 429 ? 4 : 2),
        retryDelay,
        refetchInterval: ({ state }) =>
          state.status === "error" && isTransient(state.error) ? recoverDelay(state.error) : false,
        refetchOnWindowFocus: true,
      },
    },
  });
  return client;
}

/** Ends a read when nobody waits for it any more, and when no answer comes. */
export function within(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
}

export const capabilities = () =>
  queryOptions({
    queryKey: ["capabilities"],
    queryFn: ({ signal }) => request("GET /api/me/capabilities", { signal: within(signal) }),
    staleTime: 5 * MINUTE,
    // Without a login there is nothing to try again for.
    retry: (failures, error) => isTransient(error) && failures < 2,
  });

/** Fifty rows that come at once were 75 ms of work in the middle of scrolling. */
export const BATTLES_A_PAGE = 25;

export const battlePages = (query: BattleQuery) =>
  infiniteQueryOptions({
    queryKey: ["battles", "list", query],
    queryFn: ({ signal, pageParam }) =>
      request("GET /api/battles", {
        query: { ...query, limit: BATTLES_A_PAGE, ...(pageParam && { cursor: pageParam }) },
        signal: within(signal),
      }),
    initialPageParam: "",
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    placeholderData: keepPreviousData,
  });

export const battlesBy = (query: BattleQuery) =>
  queryOptions({
    queryKey: ["battles", "some", query],
    queryFn: ({ signal }) => request("GET /api/battles", { query, signal: within(signal) }),
  });

export const battle = (id: string) =>
  queryOptions({
    queryKey: ["battle", id, "detail"],
    queryFn: ({ signal }) =>
      request("GET /api/battles/{battle_id}", { path: { battle_id: id }, signal: within(signal) }),
    staleTime: 30 * SECOND,
  });

export type PilotQuery = {
  side?: number;
  q?: string;
  hull?: HullClass[];
  sort?: ParticipantSort;
  alliance_id?: string;
  corp_id?: string;
};

const PILOTS_A_PAGE = 200;
const KILLMAILS_A_PAGE = 200;

export const participantPages = (id: string, query: PilotQuery) =>
  infiniteQueryOptions({
    queryKey: ["battle", id, "participants", query],
    queryFn: ({ signal, pageParam }) =>
      request("GET /api/battles/{battle_id}/participants", {
        path: { battle_id: id },
        query: { ...query, limit: PILOTS_A_PAGE, offset: pageParam },
        signal: within(signal),
      }),
    initialPageParam: 0,
    getNextPageParam: (page) =>
      page.offset + page.items.length < page.total ? page.offset + PILOTS_A_PAGE : undefined,
    placeholderData: keepPreviousData,
  });

export const revisionPages = (id: string) =>
  infiniteQueryOptions({
    queryKey: ["battle", id, "revisions"],
    queryFn: ({ signal, pageParam }) =>
      request("GET /api/battles/{battle_id}/revisions", {
        path: { battle_id: id },
        query: { limit: 50, ...(pageParam && { cursor: pageParam }) },
        signal: within(signal),
      }),
    initialPageParam: "",
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });

export const revisionDiff = (id: string, from: number, to: number) =>
  queryOptions({
    queryKey: ["battle", id, "diff", from, to],
    queryFn: ({ signal }) =>
      request("GET /api/battles/{battle_id}/revisions/{revision}/diff/{other}", {
        path: { battle_id: id, revision: from, other: to },
        signal: within(signal),
      }),
  });

/** The killmails that the detail of a very large battle leaves out: those from `offset` on, the oldest first. */
export const killmailPages = (id: string, offset: number, revision: number) =>
  infiniteQueryOptions({
    queryKey: ["battle", id, "killmails", offset, revision],
    queryFn: ({ signal, pageParam }) =>
      request("GET /api/battles/{battle_id}/killmails", {
        path: { battle_id: id },
        query: { limit: KILLMAILS_A_PAGE, offset: pageParam },
        signal: within(signal),
      }),
    initialPageParam: offset,
    getNextPageParam: (page, _, from) => (page.hasMore ? from + page.items.length : undefined),
  });

export const edits = (id: string) =>
  queryOptions({
    queryKey: ["battle", id, "edits"],
    queryFn: ({ signal }) =>
      request("GET /api/battles/{battle_id}/edits", {
        path: { battle_id: id },
        query: { limit: 50 },
        signal: within(signal),
      }),
  });

export const shares = (id: string) =>
  queryOptions({
    queryKey: ["battle", id, "shares"],
    queryFn: ({ signal }) =>
      request("GET /api/battles/{battle_id}/shares", { path: { battle_id: id }, signal: within(signal) }),
  });

export const partyGraph = (id: string) =>
  queryOptions({
    queryKey: ["battle", id, "party-graph"],
    queryFn: ({ signal }) =>
      request("GET /api/battles/{battle_id}/party-graph", { path: { battle_id: id }, signal: within(signal) }),
  });

/** What the parts of a suggested split would be; `revision` makes it be asked again when the battle changes. */
export const splitPreview = (id: string, suggestion: number, revision: number) =>
  queryOptions({
    queryKey: ["battle", id, "split", suggestion, revision],
    queryFn: ({ signal }) =>
      request("GET /api/battles/{battle_id}/preview-split", {
        path: { battle_id: id },
        query: { suggestion },
        signal: within(signal),
      }),
  });

export const why = (id: string, killmailId: string) =>
  queryOptions({
    queryKey: ["battle", id, "why", killmailId],
    queryFn: ({ signal }) =>
      request("GET /api/battles/{battle_id}/killmails/{killmail_id}/why", {
        path: { battle_id: id, killmail_id: killmailId },
        signal: within(signal),
      }),
  });

export const killmail = (killmailId: string) =>
  queryOptions({
    queryKey: ["killmail", killmailId],
    queryFn: ({ signal }) =>
      request("GET /api/killmails/{killmailId}", { path: { killmailId }, signal: within(signal) }),
    staleTime: 5 * MINUTE,
  });

export const globalStatistics = () =>
  queryOptions({
    queryKey: ["statistics", "global"],
    queryFn: ({ signal }) =>
      request("GET /api/statistics/global", { query: { period: "24h" }, signal: within(signal) }),
    staleTime: 5 * MINUTE,
  });
