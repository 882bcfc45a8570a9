import { ApiError } from "./client";

export function statusOf(error: unknown): number | undefined {
  return error instanceof ApiError ? error.status : undefined;
}

/** One sentence for a person. */
export function sentenceOf(error: unknown): string {
  if (error instanceof ApiError) return error.problem.message;
  return navigator.onLine ? "BattleScope does not answer." : "This browser is offline.";
}

export function requestIdOf(error: unknown): string | undefined {
  return error instanceof ApiError ? error.problem.requestId || undefined : undefined;
}

/** Whether another try can help: no answer at all, too many requests, or a fault of the server. */
export function isTransient(error: unknown): boolean {
  const status = statusOf(error);
  return status === undefined || status === 429 || status >= 500;
}

const LONGEST_WAIT_MS = 30_000;
const RECOVER_MS = 10_000;
/** When a failed request is tried again, by its error: the cache of requests does not tell. */
const nextTries = new WeakMap<object, number>();

/** Milliseconds until the next try: what the server asks for, else 1, 2, 4 … seconds. */
export function retryDelay(attempt: number, error: unknown): number {
  const delay = askedDelay(error) ?? Math.min(1000 * 2 ** attempt, LONGEST_WAIT_MS);
  if (error instanceof Error) nextTries.set(error, Date.now() + delay);
  return delay;
}

/** Milliseconds after which a request whose tries have all failed is repeated, so that no page needs a reload. */
export function recoverDelay(error: unknown): number {
  return Math.max(askedDelay(error) ?? 0, RECOVER_MS);
}

/** When the request with this error is tried again, in milliseconds since 1970, if another try of it is due. */
export function nextTryOf(error: unknown): number | undefined {
  return error instanceof Error ? nextTries.get(error) : undefined;
}

/** What the server asks for, in its answer or, where a proxy answered, in the header. */
function askedDelay(error: unknown): number | undefined {
  if (!(error instanceof ApiError)) return undefined;
  const header = error.headers.get("retry-after") ?? "";
  const seconds = error.problem.retryAfter ?? (/^\d{1,5}$/.test(header) ? Number(header) : undefined);
  return seconds === undefined ? undefined : seconds * 1000;
}
