import { useQuery } from "@tanstack/react-query";
import { nextTryOf, sentenceOf, statusOf } from "@/api/errors";
import { type Suggestions, suggestions } from "@/api/searches";
import { isLongEnough, readTyped } from "@/lib/searchText";
import { useDebounced } from "@/lib/useDebounced";

const DEBOUNCE_MS = 150;

export type Completion = {
  /** Those of an earlier text while the answer to this one is on its way. */
  suggestions: Suggestions | undefined;
  /** Whether the answer to what is typed now is still to come. */
  isPending: boolean;
  failure: { sentence: string; isAway: boolean; again: number | undefined } | undefined;
  retry: () => void;
};

/** The completions of what is typed. A text that goes on ends the request for the one before. */
export function useSuggestions(typed: string): Completion {
  const settled = useDebounced(typed, DEBOUNCE_MS);
  const { scope, q } = readTyped(settled);
  const now = readTyped(typed);
  const isWanted = now.scope !== "actions" && isLongEnough(now.q);
  const query = useQuery({ ...suggestions(scope, q), enabled: scope !== "actions" && isLongEnough(q) });
  const error = query.error ?? query.failureReason;
  const isOffline = query.fetchStatus === "paused";
  const isCurrent = now.scope === scope && now.q === q;
  const failure =
    isCurrent && (error || isOffline)
      ? {
          sentence: isOffline ? "This browser is offline." : sentenceOf(error),
          isAway: !isOffline && (statusOf(error) ?? 0) >= 500,
          again: nextTryOf(error),
        }
      : undefined;
  return {
    suggestions: query.data,
    isPending: isWanted && !failure && (!isCurrent || query.isPending || query.isPlaceholderData),
    failure: isWanted ? failure : undefined,
    retry: () => void query.refetch(),
  };
}
