import { afterEach, expect, test, vi } from "vitest";
import { ApiError } from "./client";
import { isTransient, nextTryOf, recoverDelay, retryDelay } from "./errors";

afterEach(() => void vi.useRealTimers());

const refused = (status: number, problem: object = {}, headers: Record<string, string> = {}) =>
  new ApiError(status, { error: "x", message: "No.", requestId: "r1", ...problem }, new Headers(headers));

test("the server says when to come again, in its answer or by a proxy's header", () => {
  expect(retryDelay(0, refused(429, { retryAfter: 7 }))).toBe(7000);
  expect(retryDelay(0, refused(429, {}, { "retry-after": "9" }))).toBe(9000);
  expect(retryDelay(0, refused(503, {}, { "retry-after": "Wed, 21 Oct 2026 07:28:00 GMT" }))).toBe(1000);
});

test("without a word of the server the waits grow, and end", () => {
  expect([0, 1, 2, 9].map((attempt) => retryDelay(attempt, new TypeError("Failed to fetch")))).toEqual([
    1000, 2000, 4000, 30_000,
  ]);
});

test("a request that failed in passing is repeated; a requested delay is kept", () => {
  expect(recoverDelay(refused(503))).toBe(10_000);
  expect(recoverDelay(refused(429, { retryAfter: 45 }))).toBe(45_000);
  expect([401, 403, 404, 429, 503].filter((status) => isTransient(refused(status)))).toEqual([429, 503]);
});

test("the time of the next try is known by the error", () => {
  const error = refused(503);
  expect(nextTryOf(error)).toBeUndefined();
  vi.useFakeTimers({ now: 60_000 });
  retryDelay(1, error);
  expect(nextTryOf(error)).toBe(62_000);
});
