import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { statusOf } from "@/api/errors";
import { battlesByName, battlesFound } from "@/api/searches";
import { NextPage } from "@/ui/NextPage";
import { Empty, ErrorBox, Note, SkeletonRows } from "@/ui/states";
import { BattleRows } from "./BattleRows";
import { BestNames } from "./BestNames";
import { asHit, battleCounts, unique } from "./hits";
import { NoHits } from "./NoHits";
import { namesInBattles, namesOf } from "./names";
import { ResultFrame } from "./ResultFrame";
import { battleRequest, type Change, listQuery, queryTextOf, type SearchState } from "./search";

const ROW = 48;
const SORTS = [
  { value: "", label: "Best match" },
  { value: "time", label: "Newest" },
  { value: "isk", label: "Most ISK lost" },
  { value: "kills", label: "Most killmails" },
] as const;
const NOUN = { one: "battle", many: "battles" } as const;

export function BattleResults({ state, change }: { state: SearchState; change: Change }) {
  // The time of a period is that of the search, so that it stays one search.
  const request = useMemo(() => battleRequest(state, Date.now()), [state]);
  const list = useInfiniteQuery(battlesFound(request));
  const hits = useMemo(() => unique(list.data?.pages.flatMap((page) => page.hits) ?? [], (hit) => hit.id), [list.data]);
  const isAway = statusOf(list.error ?? list.failureReason) === 503;
  const first = isAway ? undefined : list.data?.pages[0];
  const nameOf = useMemo(() => namesOf(namesInBattles(hits, first?.facets.regions ?? [])), [hits, first]);
  return (
    <ResultFrame
      above={<BestNames change={change} state={state} />}
      change={change}
      counts={first && battleCounts(first.facets)}
      nameOf={nameOf}
      noun={NOUN}
      sorts={SORTS}
      state={state}
      total={first?.estimatedTotalHits}
    >
      {isAway ? (
        <FromList state={state} />
      ) : (
        <>
          <div className="md:panel">
            {list.isPending && <SkeletonRows height={ROW} rows={10} />}
            {list.isError && (
              <ErrorBox error={list.error} onRetry={() => list.refetch()} what="Battles cannot be searched." />
            )}
            {list.isSuccess && hits.length === 0 && (
              <NoHits change={change} nameOf={nameOf} noun="battle" state={state} />
            )}
            <div className={list.isPlaceholderData ? "opacity-60" : ""}>
              <BattleRows hits={hits} />
            </div>
          </div>
          {list.hasNextPage && <NextPage label="More battles" load={() => !list.isFetching && list.fetchNextPage()} />}
        </>
      )}
    </ResultFrame>
  );
}

/** The list of battles stands in: it knows whole names and the same filters. */
function FromList({ state }: { state: SearchState }) {
  const query = useMemo(() => listQuery(state, Date.now()), [state]);
  const list = useQuery(battlesByName(queryTextOf(state) ?? "", query));
  const hits = useMemo(() => list.data?.map(asHit), [list.data]);
  return (
    <div className="flex flex-col gap-2">
      <Note title="The search does not answer.">
        These are the newest battles whose system, alliance, corporation or pilot is called so, from the database.
      </Note>
      <div className="md:panel">
        {list.isPending && <SkeletonRows height={ROW} rows={6} />}
        {list.isError && (
          <ErrorBox error={list.error} onRetry={() => list.refetch()} what="The battles cannot be listed." />
        )}
        {hits?.length === 0 && <Empty>No battle has such a name in it.</Empty>}
        {hits && <BattleRows hits={hits} />}
      </div>
    </div>
  );
}
