import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { killmailsFound } from "@/api/searches";
import { NextPage } from "@/ui/NextPage";
import { ErrorBox, SkeletonRows } from "@/ui/states";
import { BestNames } from "./BestNames";
import { unique } from "./hits";
import { KillmailRows } from "./KillmailRows";
import { NoHits } from "./NoHits";
import { namesInKillmails, namesOf } from "./names";
import { ResultFrame } from "./ResultFrame";
import { type Change, killmailRequest, type SearchState } from "./search";

const ROW = 44;
const SORTS = [
  { value: "", label: "Newest" },
  { value: "isk", label: "Most expensive" },
] as const;
const NOUN = { one: "killmail", many: "killmails" } as const;

export function KillmailResults({ state, change }: { state: SearchState; change: Change }) {
  // The time of a period is that of the search, so that it stays one search.
  const request = useMemo(() => killmailRequest(state, Date.now()), [state]);
  const list = useInfiniteQuery(killmailsFound(request));
  const hits = useMemo(
    () => unique(list.data?.pages.flatMap((page) => page.hits) ?? [], (hit) => hit.killmailId),
    [list.data],
  );
  const first = list.data?.pages[0];
  const nameOf = useMemo(() => namesOf(namesInKillmails(hits, first?.facets.regions ?? [])), [hits, first]);
  return (
    <ResultFrame
      above={<BestNames change={change} state={state} />}
      change={change}
      counts={first?.facets}
      nameOf={nameOf}
      noun={NOUN}
      sorts={SORTS}
      state={state}
      total={first?.estimatedTotalHits}
    >
      <div className="panel overflow-hidden">
        {list.isPending && <SkeletonRows height={ROW} rows={10} />}
        {list.isError && (
          <ErrorBox error={list.error} onRetry={() => list.refetch()} what="Killmails cannot be searched." />
        )}
        {list.isSuccess && hits.length === 0 && (
          <NoHits change={change} nameOf={nameOf} noun="killmail" state={state} />
        )}
        <div className={list.isPlaceholderData ? "opacity-60" : ""}>
          <KillmailRows hits={hits} />
        </div>
      </div>
      {list.hasNextPage && <NextPage label="More killmails" load={() => !list.isFetching && list.fetchNextPage()} />}
    </ResultFrame>
  );
}
