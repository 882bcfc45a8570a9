/** What a report reads beside its battle: the key and the request of each. The first load does not have them. */

import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { type HullClass, type ParticipantSort, request } from "./client";
import { MINUTE, within } from "./queries";

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
