/** What every page reads, and lists of battles: the key and the request of each. */

import {
  infiniteQueryOptions,
  keepPreviousData,
  MutationCache,
  QueryCache,
  QueryClient,
  queryOptions,
} from "@tanstack/react-query";
import { type Operations, request } from "./client";
import { isTransient, recoverDelay, retryDelay, statusOf } from "./errors";

export type BattleQuery = NonNullable<Operations["GET /api/battles"]["query"]>;

const SECOND = 1000;
export const MINUTE = 60 * SECOND;

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
const BATTLES_A_PAGE = 50;

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

export const globalStatistics = () =>
  queryOptions({
    queryKey: ["statistics", "global"],
    queryFn: ({ signal }) =>
      request("GET /api/statistics/global", { query: { period: "24h" }, signal: within(signal) }),
    staleTime: 5 * MINUTE,
  });
