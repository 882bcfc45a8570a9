import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { battlePages } from "@/api/queries";
import { count } from "@/lib/isk";
import { useKeys } from "@/lib/keys";
import { useLiveStatus } from "@/lib/live";
import { Button } from "@/ui/controls";
import { NextPage } from "@/ui/NextPage";
import { moveRow, openRow } from "@/ui/rows";
import { Empty, ErrorBox, SkeletonRows } from "@/ui/states";
import { useTitle } from "@/ui/useTitle";
import { BattleDays } from "./BattleDays";
import { FilterBar } from "./FilterBar";
import { strictest } from "./filters";
import { ListHead } from "./ListHead";
import { LiveStrip } from "./LiveStrip";
import { type BattleSearch, queryOf } from "./search";
import { useLiveBattles } from "./useLiveBattles";

const COUNTED_EXACTLY = 10_000;
/** How far from the end of the list its next page is asked for: half a second of fast scrolling. */
const AHEAD = "2000px";

export function BattlesPage({ search }: { search: BattleSearch }) {
  const query = useMemo(() => queryOf(search), [search]);
  const list = useInfiniteQuery(battlePages(query));
  const { newer, showNewer } = useLiveBattles(query);
  const battles = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const total = list.data?.pages[0]?.totalCount;
  useTitle("Battles");
  useKeys({ j: () => moveRow(1), k: () => moveRow(-1), o: openRow });
  return (
    <>
      <div className="flex items-center gap-3 pt-2.5 pb-2 max-md:flex-wrap max-md:gap-x-2">
        <h1 className="text-[22px]/[28px] font-[650]" tabIndex={-1}>
          Battles
        </h1>
        <span className="shrink-0 text-t2">{total !== undefined && totalText(total)}</span>
        <FilterBar search={search} total={total} />
      </div>
      <LiveStrip query={query} />
      <div className="sticky top-1 z-20 flex h-0 justify-center">
        {newer > 0 && (
          <Button className="overlay !rounded-full" icon="up" onClick={showNewer} tone="primary">
            {newer === 1 ? "1 newer battle" : `${count(newer)} newer battles`}
          </Button>
        )}
      </div>
      <div className="md:panel">
        <ListHead search={search} />
        {list.isPending && <SkeletonRows height={48} rows={12} />}
        {list.isError && (
          <ErrorBox error={list.error} onRetry={() => list.refetch()} what="The battles cannot be listed." />
        )}
        {list.isSuccess && battles.length === 0 && <Nothing search={search} />}
        <div className={list.isPlaceholderData ? "opacity-60" : ""}>
          <BattleDays
            battles={battles}
            complete={!list.hasNextPage}
            grouped={!search.sort || search.sort === "start_time"}
          />
        </div>
        {list.hasNextPage && (
          <NextPage ahead={AHEAD} label="More battles" load={() => !list.isFetching && list.fetchNextPage()} />
        )}
      </div>
      <LiveNote />
    </>
  );
}

/** The server counts exactly up to ten thousand. */
export function totalText(total: number): string {
  return total < COUNTED_EXACTLY ? count(total) : `about ${count(total)}`;
}

function Nothing({ search }: { search: BattleSearch }) {
  const navigate = useNavigate();
  const filter = strictest(search);
  if (!filter)
    return <Empty>No battle is known yet. The first one appears here as soon as killmails belong together.</Empty>;
  return (
    <Empty
      action={<Button onClick={() => navigate({ to: "/battles", search: filter.without })}>Drop {filter.label}</Button>}
    >
      No battle matches these filters.
    </Empty>
  );
}

function LiveNote() {
  const status = useLiveStatus();
  if (status !== "reconnecting") return null;
  return (
    <p className="pt-2 text-center text-sec text-t3" role="status">
      Live changes are away, reconnecting.
    </p>
  );
}
