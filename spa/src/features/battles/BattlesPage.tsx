import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type CSSProperties, useEffect, useMemo, useRef, useState } from "react";
import type { BattleItem } from "@/api/client";
import { BATTLES_A_PAGE, battlePages } from "@/api/queries";
import { count } from "@/lib/isk";
import { sumIsk } from "@/lib/isk-sum";
import { useKeys } from "@/lib/keys";
import { useLiveStatus } from "@/lib/live";
import { day, namedDay } from "@/lib/time";
import { Button } from "@/ui/controls";
import { Isk } from "@/ui/marks";
import { moveRow, openRow } from "@/ui/rows";
import { Empty, ErrorBox, SkeletonRows } from "@/ui/states";
import { useTitle } from "@/ui/useTitle";
import { BattleRow } from "./BattleRow";
import { FilterBar } from "./FilterBar";
import { strictest } from "./filters";
import { ListHead } from "./ListHead";
import { LiveStrip } from "./LiveStrip";
import { type BattleSearch, queryOf } from "./search";
import { useLiveBattles } from "./useLiveBattles";

const COUNTED_EXACTLY = 10_000;
/** Rows that the browser leaves out together while they are out of sight; each alone would be work for each frame. */
const CHUNK = 10;
/** 25 rows at once were 50 ms of style, layout and painting. */
const ROWS_A_FRAME = 5;

export function BattlesPage({ search }: { search: BattleSearch }) {
  const query = useMemo(() => queryOf(search), [search]);
  const list = useInfiniteQuery(battlePages(query));
  const { newer, showNewer } = useLiveBattles(query);
  const battles = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const shown = useInSteps(battles);
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
          <Days
            battles={shown}
            complete={!list.hasNextPage && shown.length === battles.length}
            grouped={!search.sort || search.sort === "start_time"}
          />
        </div>
        {list.hasNextPage && <NextPage load={() => !list.isFetching && list.fetchNextPage()} />}
      </div>
      <LiveNote />
    </>
  );
}

/** What is there at first at once; what comes later a few rows a frame, because the page scrolls meanwhile. */
function useInSteps(battles: readonly BattleItem[]): readonly BattleItem[] {
  const all = battles.length;
  const [most, setMost] = useState(Math.max(all, BATTLES_A_PAGE));
  useEffect(() => {
    // Other filters begin with fewer.
    if (most > Math.max(all, BATTLES_A_PAGE)) setMost(Math.max(all, BATTLES_A_PAGE));
    if (most >= all) return;
    const frame = requestAnimationFrame(() => setMost(Math.min(all, most + ROWS_A_FRAME)));
    return () => cancelAnimationFrame(frame);
  }, [most, all]);
  return useMemo(() => battles.slice(0, most), [battles, most]);
}

function Days({ battles, grouped, complete }: { battles: readonly BattleItem[]; grouped: boolean; complete: boolean }) {
  const days = useMemo(() => (grouped ? groupByDay(battles) : [{ date: "", battles }]), [battles, grouped]);
  return days.map((group, index) => (
    <section aria-label={group.date ? namedDay(group.date) : "Battles"} key={group.date}>
      {group.date && (
        <h2 className="sticky top-0 z-10 flex h-[30px] items-center gap-4 border-b border-line bg-s1 px-3 text-sec max-md:bg-bg max-md:px-0">
          <span className="font-[600]">{namedDay(group.date)}</span>
          {/* The last day that is loaded may go on. */}
          {(index < days.length - 1 || complete) && (
            <span className="flex gap-4 text-t2">
              <span>{group.battles.length === 1 ? "1 battle" : `${group.battles.length} battles`}</span>
              <span>
                <Isk plain value={sumIsk(group.battles.map((battle) => battle.totalIskDestroyed))} /> lost
              </span>
            </span>
          )}
        </h2>
      )}
      {inChunks(group.battles).map((chunk) => (
        <ul className="content-auto" key={chunk[0]?.id} style={{ "--rows": chunk.length } as CSSProperties}>
          {chunk.map((battle) => (
            <BattleRow battle={battle} key={battle.id} withDay={!group.date} />
          ))}
        </ul>
      ))}
    </section>
  ));
}

function inChunks(battles: readonly BattleItem[]): BattleItem[][] {
  return Array.from({ length: Math.ceil(battles.length / CHUNK) }, (_, index) =>
    battles.slice(index * CHUNK, (index + 1) * CHUNK),
  );
}

/** The server counts exactly up to ten thousand. */
export function totalText(total: number): string {
  return total < COUNTED_EXACTLY ? count(total) : `about ${count(total)}`;
}

const days = new WeakMap<BattleItem, string>();

/** The days of all rows are asked for with each row that comes. */
function dayOf(battle: BattleItem): string {
  const date = days.get(battle) ?? day(battle.startTime);
  days.set(battle, date);
  return date;
}

export function groupByDay(battles: readonly BattleItem[]): { date: string; battles: BattleItem[] }[] {
  const groups: { date: string; battles: BattleItem[] }[] = [];
  for (const battle of battles) {
    const date = dayOf(battle);
    const last = groups.at(-1);
    if (last?.date === date) last.battles.push(battle);
    else groups.push({ date, battles: [battle] });
  }
  return groups;
}

/** Loads the next page before its place is reached; a button for those who come here by keys. */
function NextPage({ load }: { load: () => void }) {
  const ref = useRef<HTMLDivElement>(null);
  const latest = useRef(load);
  useEffect(() => {
    latest.current = load;
  });
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && latest.current(), {
      rootMargin: "800px",
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return (
    <div className="flex justify-center p-3" ref={ref}>
      <Button onClick={load} tone="ghost">
        More battles
      </Button>
    </div>
  );
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
