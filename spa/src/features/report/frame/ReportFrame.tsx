import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useChildMatches, useNavigate } from "@tanstack/react-router";
import { type RefObject, useEffect, useMemo, useRef, useState } from "react";
import type { BattleBattleDetail, BattleItem, BattleList } from "@/api/client";
import { statusOf } from "@/api/errors";
import { battle as battleQuery } from "@/api/queries";
import { TugBar } from "@/figures/TugBar";
import { count, iskNumber, shortIsk } from "@/lib/isk";
import { useKeys } from "@/lib/keys";
import { live } from "@/lib/live";
import { nameOf, relatedUrls } from "@/lib/names";
import { arrange, inBarOrder } from "@/lib/sides";
import { toast } from "@/lib/toasts";
import { buttonClass } from "@/ui/controls";
import { Empty, ErrorBox } from "@/ui/states";
import { useTitle } from "@/ui/useTitle";
import { ReportContext } from "../model/context";
import { sideTicker } from "../model/losses";
import { useOwnSide } from "../model/ownSide";
import { type ReportSearch, sharedSearch } from "../model/search";
import { useWholeBattle } from "../model/wholeBattle";
import { AfterPaint } from "./AfterPaint";
import { ReportHeader } from "./ReportHeader";
import { Scoreboard } from "./Scoreboard";
import { TimelinePanel } from "./TimelinePanel";

const TABS = [
  { to: "/battles/$id", label: "Summary", count: () => undefined },
  { to: "/battles/$id/kills", label: "Kills", count: (battle: BattleBattleDetail) => count(battle.totalKills) },
  { to: "/battles/$id/timeline", label: "Timeline", count: () => undefined },
  { to: "/battles/$id/composition", label: "Composition", count: () => undefined },
  {
    to: "/battles/$id/participants",
    label: "Participants",
    count: (battle: BattleBattleDetail) => count(battle.totalParticipants),
  },
  { to: "/battles/$id/replay", label: "Replay", count: () => undefined },
  {
    to: "/battles/$id/why",
    label: "Why",
    count: (battle: BattleBattleDetail) =>
      battle.linkReasons.length === 1 ? "1 reason" : `${battle.linkReasons.length} reasons`,
  },
  { to: "/battles/$id/history", label: "History", count: (battle: BattleBattleDetail) => String(battle.revision) },
] as const;

const SUMMARY = "/battles/$id/";

/** What all tabs of a report share: the head, who stands where, and the way between the tabs. */
export function ReportFrame({ id, search }: { id: string; search: ReportSearch }) {
  const client = useQueryClient();
  const query = useQuery(battleQuery(id));
  const { data, error } = query;
  const seed = useMemo(() => data ?? seedOf(client, id), [client, data, id]);
  useTitle(data ? titleOf(data) : seed && nameOf(seed.systemName, "System", seed.systemId));
  useLiveReport(id, data);
  useMerged(id, data);
  if (error && !data) return <Failed error={error} id={id} onRetry={() => query.refetch()} />;
  return (
    <>
      {seed ? <ReportHeader battle={seed} detail={data} /> : <HeaderSkeleton />}
      {data ? <Loaded battle={data} search={search} /> : <BodySkeleton />}
    </>
  );
}

function HeaderSkeleton() {
  return (
    <div className="h-[84px] pt-4 max-md:h-[150px]">
      <h1 className="sr" tabIndex={-1}>
        Battle
      </h1>
      <div className="skeleton h-7 w-72" />
    </div>
  );
}

/** The boxes of the report at their true heights, so that nothing moves when it is there. */
function BodySkeleton() {
  const isSummary = useTab() === SUMMARY;
  return (
    <div aria-busy="true" role="status">
      <span className="sr">Loading</span>
      {isSummary && <div className="panel h-[98px] max-lg:h-[190px]" />}
      {isSummary && <div className="panel mt-3 h-[263px]" />}
      <div className="mt-3 mb-3 h-[43px] border-b border-line" />
      <div className="panel h-[70dvh]" />
    </div>
  );
}

/** The tab that is shown, which is not yet that of the address while its code comes. */
function useTab(): string | undefined {
  return useChildMatches({ select: (matches) => matches.at(-1)?.routeId });
}

function Loaded({ battle, search }: { battle: BattleBattleDetail; search: ReportSearch }) {
  const tab = useTab();
  const shown = useOwnSide(useWholeBattle(battle));
  const context = useMemo(() => ({ battle: shown, search }), [shown, search]);
  return (
    <ReportContext value={context}>
      {tab === SUMMARY && (
        <>
          <Scoreboard battle={shown} />
          <TimelinePanel className="mt-3" height={196} />
        </>
      )}
      <Tabs battle={battle} search={search} />
      <AfterPaint key={tab} name={`${battle.id} ${tab}`}>
        <Outlet />
      </AfterPaint>
    </ReportContext>
  );
}

function Tabs({ battle, search }: { battle: BattleBattleDetail; search: ReportSearch }) {
  const navigate = useNavigate();
  const tab = useTab();
  const bar = useRef<HTMLElement>(null);
  // On a phone the tab that is shown may be out of sight; the page itself stays where it is.
  // biome-ignore lint/correctness/useExhaustiveDependencies: another tab is another place.
  useEffect(() => {
    const active = bar.current?.querySelector<HTMLElement>("[aria-current]");
    if (bar.current && active)
      bar.current.scrollLeft = active.offsetLeft - (bar.current.clientWidth - active.offsetWidth) / 2;
  }, [tab]);
  const open = (index: number) => {
    const tab = TABS[index];
    if (tab) navigate({ to: tab.to, params: { id: battle.id }, search: sharedSearch(search) });
  };
  const copy = () =>
    navigator.clipboard.writeText(location.href).then(
      () => toast("The link is copied"),
      () => toast("This browser does not let a page copy.", { tone: "error" }),
    );
  useKeys({
    ...Object.fromEntries(TABS.map((_, index) => [String(index + 1), () => open(index)])),
    y: () => void copy(),
    z: () => void window.open(relatedUrls(battle.systemId, battle.startTime).zkillboard, "_blank", "noopener"),
  });
  const begin = useRef<HTMLDivElement>(null);
  const isPast = useIsPast(begin);
  return (
    <>
      <div ref={begin} />
      <nav
        aria-label="Parts of the report"
        ref={bar}
        className="no-print no-scrollbar sticky top-0 z-20 mt-3 mb-3 flex overflow-x-auto border-b border-line bg-bg max-md:-mx-3 max-md:px-3"
      >
        {TABS.map((tab) => (
          <Link
            activeOptions={{ exact: tab.to === "/battles/$id", includeSearch: false }}
            activeProps={{ className: "border-accent text-t1" }}
            // One weight for all: a bolder one is wider and moves the tabs beside it.
            className="border-b-2 px-3.5 font-[500] py-2.5 whitespace-nowrap hover:text-t1"
            inactiveProps={{ className: "border-transparent text-t2" }}
            key={tab.to}
            params={{ id: battle.id }}
            search={sharedSearch(search)}
            to={tab.to}
          >
            {tab.label}
            {tab.count(battle) && <span className="ml-1.5 text-sec font-[400] text-t3">{tab.count(battle)}</span>}
          </Link>
        ))}
        {isPast && <Reminder battle={battle} />}
      </nav>
    </>
  );
}

/** What the head says, beside the tabs once the head is out of sight. */
function Reminder({ battle }: { battle: BattleBattleDetail }) {
  const segments = inBarOrder(battle.sides).map((side) => ({
    sideId: side.sideId,
    role: side.role,
    value: iskNumber(side.iskLost),
  }));
  return (
    <span aria-hidden="true" className="my-auto ml-auto flex shrink-0 items-center gap-3 pl-4 max-xl:hidden">
      <span className="font-[600]">{nameOf(battle.systemName, "System", battle.systemId)}</span>
      <span className="w-40">
        <TugBar height={6} segments={segments} sentence="" />
      </span>
      <span className="text-sec text-t2">{shortIsk(battle.totalIskDestroyed)} lost</span>
    </span>
  );
}

/** Whether the page is scrolled beyond the element. */
function useIsPast(element: RefObject<HTMLElement | null>): boolean {
  const [isPast, setPast] = useState(false);
  useEffect(() => {
    if (!element.current) return;
    const observer = new IntersectionObserver(([entry]) => {
      if (entry) setPast(!entry.isIntersecting && entry.boundingClientRect.top < 0);
    });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return isPast;
}

/** What a list already knows, so that the head stands at once. */
function seedOf(client: QueryClient, id: string): BattleItem | undefined {
  for (const [, data] of client.getQueriesData<BattleList | { pages: BattleList[] }>({ queryKey: ["battles"] })) {
    const pages = data && "pages" in data ? data.pages : data ? [data] : [];
    const found = pages.flatMap((page) => page.items).find((item) => item.id === id);
    if (found) return found;
  }
  return undefined;
}

function titleOf(battle: BattleBattleDetail): string {
  const { left, right } = arrange(battle.sides);
  const sides = [left, right].filter((side) => side !== undefined).map(sideTicker);
  const place = battle.name ?? nameOf(battle.systemName, "System", battle.systemId);
  return `${place}: ${sides.join(" v ")}, ${shortIsk(battle.totalIskDestroyed)} lost`;
}

/** Reads the report again when it has a newer revision. */
function useLiveReport(id: string, battle: BattleBattleDetail | undefined): void {
  const client = useQueryClient();
  const navigate = useNavigate();
  const revision = battle?.revision;
  useEffect(() => {
    if (revision === undefined) return;
    return live.subscribe([`battle:${id}`], (event) => {
      if (event.type === "battle" && event.battleId === id && event.change === "deleted" && event.mergedInto) {
        toast("Merged into this battle");
        void navigate({ to: "/battles/$id", params: { id: event.mergedInto }, replace: true });
        return;
      }
      const isNewer = event.type === "battle" && event.battleId === id && event.revision > revision;
      const isUnknown = event.type === "missed" || (event.type === "battles" && event.battleIds.includes(id));
      if (isNewer || isUnknown) void client.invalidateQueries({ queryKey: ["battle", id] });
    });
  }, [client, id, navigate, revision]);
}

/** The address of a merged battle becomes that of the battle that it is a part of. */
function useMerged(id: string, battle: BattleBattleDetail | undefined): void {
  const navigate = useNavigate();
  const merged = battle && battle.id !== id ? battle.id : undefined;
  useEffect(() => {
    if (!merged) return;
    toast("Merged into this battle");
    void navigate({ to: "/battles/$id", params: { id: merged }, replace: true });
  }, [merged, navigate]);
}

function Failed({ id, error, onRetry }: { id: string; error: unknown; onRetry: () => void }) {
  const status = statusOf(error);
  const action = (
    <Link className={buttonClass()} to="/battles">
      All battles
    </Link>
  );
  if (status === 404 || status === 400) {
    return (
      <Empty action={action}>
        <h1 className="text-tab font-[600] text-t1" tabIndex={-1}>
          There is no such battle
        </h1>
        The address has an id that no battle ever had.
      </Empty>
    );
  }
  if (status === 410) {
    return (
      <Empty action={action}>
        <h1 className="text-tab font-[600] text-t1" tabIndex={-1}>
          This battle was deleted
        </h1>
        Its killmails were excluded, or belong to other battles now.
      </Empty>
    );
  }
  if (status === 403) {
    return (
      <Empty action={action}>
        <h1 className="text-tab font-[600] text-t1" tabIndex={-1}>
          No access to battle reports
        </h1>
        Your account has no role in battle reports. A director of your organisation can give you one.
      </Empty>
    );
  }
  return (
    <>
      <h1 className="sr" tabIndex={-1}>
        Battle
      </h1>
      <ErrorBox error={error} key={id} onRetry={onRetry} what="The report cannot be read." />
    </>
  );
}
