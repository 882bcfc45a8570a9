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

/** Milliseconds until the next try: what the server asks for, else 1, 2, 4 … seconds. */
export function retryDelay(attempt: number, error: unknown): number {
  const asked = error instanceof ApiError ? error.problem.retryAfter : undefined;
  return asked === undefined ? Math.min(1000 * 2 ** attempt, 30_000) : asked * 1000;
}
