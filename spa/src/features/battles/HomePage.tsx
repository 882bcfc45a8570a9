import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { battlesBy, globalStatistics } from "@/api/queries";
import { count, shortIsk } from "@/lib/isk";
import { nameOf } from "@/lib/names";
import { Empty, ErrorBox, SkeletonRows } from "@/ui/states";
import { useTitle } from "@/ui/useTitle";
import { BattleRow, ROW_FRAME } from "./BattleRow";
import { ListHead } from "./ListHead";
import { LiveStrip } from "./LiveStrip";
import { useLiveBattles } from "./useLiveBattles";

const BIGGEST = { sort_by: "isk_destroyed", limit: 12 } as const;
const BIGGEST_OF_A_WEEK = { ...BIGGEST, time_range: "last_7d" } as const;
const EVERYTHING = {};

/** What happens now, what was big, and where. */
export function HomePage() {
  useTitle(undefined);
  useLiveBattles(EVERYTHING);
  const week = useQuery(battlesBy(BIGGEST_OF_A_WEEK));
  const isQuiet = week.data?.items.length === 0;
  const ever = useQuery({ ...battlesBy(BIGGEST), enabled: isQuiet });
  const biggest = isQuiet ? ever : week;
  return (
    <>
      <h1 className="pt-2.5 pb-2 text-[22px]/[28px] font-[650]" tabIndex={-1}>
        New Eden now
      </h1>
      <LiveStrip query={EVERYTHING} />
      <NewEden />
      <section aria-labelledby="biggest" className="md:panel overflow-hidden">
        <div className="flex items-center border-b border-line px-3 py-2 max-md:border-0 max-md:px-0">
          <h2 className="font-[600]" id="biggest">
            Biggest battles{isQuiet ? "" : ", 7 days"}
          </h2>
          <Link className="ml-auto text-link hover:underline" to="/battles">
            All battles
          </Link>
        </div>
        <ListHead />
        {biggest.isPending && <SkeletonRows height={48} rows={8} />}
        {biggest.isError && (
          <ErrorBox error={biggest.error} onRetry={() => biggest.refetch()} what="The battles cannot be listed." />
        )}
        {biggest.data?.items.length === 0 && (
          <Empty>No battle is known yet. The first one appears here as soon as killmails belong together.</Empty>
        )}
        <ul>
          {biggest.data?.items.map((battle) => (
            <li className={`${ROW_FRAME} relative last:border-0`} key={battle.id}>
              <BattleRow battle={battle} withDay />
            </li>
          ))}
        </ul>
      </section>
    </>
  );
}

/** Totals of a day; a part that the server cannot count is left out. */
function NewEden() {
  const { data } = useQuery(globalStatistics());
  // A quiet day, or the data of other days: nothing to count.
  if (!data || data.battles?.total === 0) return null;
  const totals = data.battles;
  return (
    <div className="mb-3 grid grid-cols-3 gap-3 max-lg:grid-cols-1">
      <section aria-label="The last 24 hours" className="panel px-3.5 py-2.5">
        <h2 className="mb-1.5 text-sec font-[600]">The last 24 hours</h2>
        {totals ? (
          <dl className="flex flex-wrap gap-x-6 gap-y-2">
            {[
              [count(totals.total), "battles"],
              [count(totals.totalPilots), "pilots"],
              [shortIsk(totals.totalIskDestroyed), "ISK lost"],
            ].map(([figure, label]) => (
              <div className="flex flex-col-reverse" key={label}>
                <dt className="text-label text-t2">{label}</dt>
                <dd className="text-side font-[650]">{figure}</dd>
              </div>
            ))}
          </dl>
        ) : (
          <p className="text-t2">Not available right now.</p>
        )}
      </section>
      <section aria-label="Systems with the most battles" className="panel py-2.5">
        <h2 className="px-3.5 pb-1 text-sec font-[600]">Systems with the most battles</h2>
        {data.topSystems?.slice(0, 5).map((system) => (
          <Link
            className="flex px-3.5 py-1 hover:bg-s2 max-md:min-h-11"
            key={system.systemId}
            search={{ system: [system.systemId] }}
            to="/battles"
          >
            <span className="truncate">{nameOf(system.systemName, "System", system.systemId)}</span>
            <span className="ml-auto pl-3 text-t2">{count(system.battleCount)}</span>
          </Link>
        ))}
      </section>
      <section aria-label="Alliances with the most battles" className="panel py-2.5">
        <h2 className="px-3.5 pb-1 text-sec font-[600]">Alliances with the most battles</h2>
        {data.topAlliances?.slice(0, 5).map((alliance) => (
          <Link
            className="flex px-3.5 py-1 hover:bg-s2 max-md:min-h-11"
            key={alliance.allianceId}
            search={{ alliance: [alliance.allianceId] }}
            to="/battles"
          >
            <span className="truncate" dir="auto">
              {nameOf(alliance.allianceName, "Alliance", alliance.allianceId)}
            </span>
            <span className="ml-auto pl-3 text-t2">{count(alliance.battleCount)}</span>
          </Link>
        ))}
      </section>
    </div>
  );
}
