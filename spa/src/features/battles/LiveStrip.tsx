import { replaceEqualDeep, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { BattleItem, BattleList } from "@/api/client";
import { type BattleQuery, battlesBy } from "@/api/queries";
import { Spark } from "@/figures/Spark";
import { useSeconds } from "@/lib/clock";
import { count, shortIsk } from "@/lib/isk";
import { nameOf, partyName } from "@/lib/names";
import { arrange } from "@/lib/sides";
import { ago, duration } from "@/lib/time";
import { SecBadge, sideClass } from "@/ui/marks";

const CARDS = 3;
const CARD_HEIGHT = "h-[142px]";

/** Battles that still go on; nothing where there are none. What is shown once keeps its place on the page. */
export function LiveStrip({ query }: { query: BattleQuery }) {
  const { data, isPending } = useQuery({
    ...battlesBy({ ...query, status: ["open"], sort_by: "start_time", limit: CARDS }),
    structuralSharing: (shown, newer) => inTheirPlaces(shown as BattleList | undefined, newer as BattleList),
  });
  const [queryWithCards, setQueryWithCards] = useState<BattleQuery>();
  const isEmpty = !data?.items.length;
  if (!isEmpty && queryWithCards !== query) setQueryWithCards(query);
  // The place of the cards, so that the list does not move when they come.
  if (isPending) return <div aria-hidden="true" className={`mb-3 ${CARD_HEIGHT}`} />;
  if (isEmpty && queryWithCards !== query) return null;
  if (isEmpty)
    return <p className={`panel mb-3 grid place-items-center text-t2 ${CARD_HEIGHT}`}>No battle is going on now.</p>;
  return (
    <section
      aria-label="Ongoing battles"
      className="no-scrollbar relative mb-3 grid gap-3 max-md:-mx-3 max-md:auto-cols-[84%] max-md:grid-flow-col md:grid-cols-3 max-md:overflow-x-auto max-md:px-3"
    >
      {data.items.map((battle) => (
        <LiveCard battle={battle} key={battle.id} />
      ))}
    </section>
  );
}

/** The battles of `newer`, each where `shown` has it; those that are new take the places of those that have ended. */
export function inTheirPlaces(shown: BattleList | undefined, newer: BattleList): BattleList {
  const before = shown?.items ?? [];
  const current = new Map(newer.items.map((item) => [item.id, item]));
  const added = newer.items.filter((item) => !before.some(({ id }) => id === item.id));
  const kept = before.map(({ id }) => current.get(id) ?? added.shift());
  const items = [...kept.filter((item) => item !== undefined), ...added];
  return replaceEqualDeep(shown, { ...newer, items });
}

function LiveCard({ battle }: { battle: BattleItem }) {
  const now = useSeconds();
  const { left, right } = arrange(battle.sides);
  const minutes = Math.max(1, battle.duration / 60);
  const figures = [
    [count(battle.totalKills), "killmails"],
    [count(battle.totalParticipants), "pilots"],
    [shortIsk(battle.totalIskDestroyed), "lost"],
    [(battle.totalKills / minutes).toFixed(1), "/ min"],
  ] as const;
  return (
    <Link className="panel min-w-0 px-3.5 py-2.5 hover:bg-s2" params={{ id: battle.id }} to="/battles/$id">
      <div className="flex items-center gap-2">
        <SecBadge place={battle} systemId={battle.systemId} />
        <span className="truncate font-[600]">{nameOf(battle.systemName, "System", battle.systemId)}</span>
        <span className="truncate text-t2">{battle.regionName}</span>
        <span className="ml-auto flex shrink-0 items-center gap-1.5 text-sec text-kill" title="The last loss">
          <span aria-hidden="true" className="size-2 rounded-full bg-kill" />
          {ago(battle.lastKillmailAt, now)}
        </span>
      </div>
      <div className="my-2 flex justify-center [&>svg]:w-full">
        <Spark
          height={44}
          label={`Losses over ${duration(battle.duration)}`}
          spark={battle.spark}
          up={left?.sideId ?? null}
          width={420}
        />
      </div>
      <div className="flex justify-between gap-2 text-sec font-[550]">
        <span className={`${sideClass(left?.sideId ?? null)} side-text truncate`}>
          {left?.topParty ? partyName(left.topParty) : "Sides are not known yet"}
        </span>
        {right && <span className="text-t3">v</span>}
        <span className={`${sideClass(right?.sideId ?? null)} side-text truncate`}>
          {right?.topParty && partyName(right.topParty)}
        </span>
      </div>
      <div className="mt-1.5 flex justify-between gap-2 text-sec text-t2">
        {figures.map(([figure, label]) => (
          <span key={label}>
            <strong className="font-[600] text-t1">{figure}</strong> {label}
          </span>
        ))}
      </div>
    </Link>
  );
}
