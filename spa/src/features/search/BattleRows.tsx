import { useQueries } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import type { BattleHit, HitSide, MatchedName, Spark as SparkData } from "@/api/client";
import { battlesBy } from "@/api/queries";
import { HITS_A_PAGE } from "@/api/searches";
import { Spark } from "@/figures/Spark";
import { count, shortIsk } from "@/lib/isk";
import { useIsPhone } from "@/lib/media";
import { nameOf } from "@/lib/names";
import { clock, day, duration, fullTime } from "@/lib/time";
import { Emblem } from "@/ui/Emblem";
import { Marked } from "@/ui/Marked";
import { Isk, SecBadge, TierMeter } from "@/ui/marks";
import { VirtualRows } from "@/ui/VirtualRows";
import { marksOf, namedSides, otherMatches, sideLabel, titleOf } from "./hits";

const ROW = 48;
const CARD = 124;
const MATCHES = 24;
const MATCHES_SHOWN = 4;
const COLUMNS =
  "grid grid-cols-[84px_minmax(120px,1.1fr)_minmax(100px,1fr)_110px_minmax(100px,1fr)_96px_72px] items-center gap-x-3 max-xl:grid-cols-[84px_minmax(110px,1.1fr)_minmax(90px,1fr)_minmax(90px,1fr)_96px_72px]";

/** Battles that were found, with what matches of each. */
export function BattleRows({ hits }: { hits: readonly BattleHit[] }) {
  const isPhone = useIsPhone();
  const sparks = useSparks(hits);
  const others = useMemo(() => hits.map(otherMatches), [hits]);
  const rows = useMemo(
    () => ({
      length: hits.length,
      height: (index: number) => (isPhone ? CARD : ROW) + (others[index]?.length ? MATCHES : 0),
      keyOf: (index: number) => hits[index]?.id ?? index,
    }),
    [hits, others, isPhone],
  );
  return (
    <VirtualRows rows={rows}>
      {(index) => {
        const hit = hits[index];
        if (!hit) return null;
        const Form = isPhone ? Card : Columns;
        return (
          <div className="relative h-full hover:bg-s2">
            <Link
              aria-label={sentence(hit)}
              className="absolute inset-0 z-1 focus-visible:outline-offset-[-2px]"
              data-row=""
              params={{ id: hit.id }}
              to="/battles/$id"
            />
            <Form hit={hit} spark={sparks.get(hit.id)} />
            <Others matches={others[index] ?? []} />
          </div>
        );
      }}
    </VirtualRows>
  );
}

/** The shapes of the fights: the index of names does not have them, the list of battles has. */
function useSparks(hits: readonly BattleHit[]): ReadonlyMap<string, SparkData> {
  const pages = Array.from({ length: Math.ceil(hits.length / HITS_A_PAGE) }, (_, page) =>
    hits.slice(page * HITS_A_PAGE, (page + 1) * HITS_A_PAGE).map((hit) => hit.id),
  );
  const answers = useQueries({ queries: pages.map((id) => battlesBy({ id, limit: HITS_A_PAGE })) });
  return new Map(answers.flatMap((answer) => answer.data?.items ?? []).map((battle) => [battle.id, battle.spark]));
}

type RowProps = { hit: BattleHit; spark: SparkData | undefined };

function Columns({ hit, spark }: RowProps) {
  const { left, right } = namedSides(hit);
  return (
    <div className={`${COLUMNS} h-12 px-3`}>
      <span className="leading-[17px]" title={fullTime(hit.startTime)}>
        <span className="block">{day(hit.startTime)}</span>
        <span className="block text-label text-t3">
          {clock(hit.startTime)} · {duration(hit.duration)}
        </span>
      </span>
      <span className="flex min-w-0 items-center gap-2">
        <SecBadge place={hit} systemId={hit.systemId} />
        <Place hit={hit} />
      </span>
      <SideName align="right" hit={hit} side={left} />
      <span className="h-[34px] max-xl:hidden">
        <Shape hit={hit} spark={spark} width={110} />
      </span>
      <SideName align="left" hit={hit} side={right} />
      <span className="text-right leading-[17px]">
        <span className="block">{count(hit.totalKills)} mails</span>
        <span className="block text-label text-t3">{count(hit.totalParticipants)} pilots</span>
      </span>
      <span className="text-right font-[550]">
        <Isk value={hit.totalIskDestroyed} />
      </span>
    </div>
  );
}

function Card({ hit, spark }: RowProps) {
  const { left, right } = namedSides(hit);
  return (
    <div className="flex flex-col gap-2 py-3" style={{ height: CARD }}>
      <div className="flex items-center gap-2">
        <SecBadge place={hit} systemId={hit.systemId} />
        <Place hit={hit} />
        <span className="ml-auto shrink-0 text-col font-[600]">
          <Isk value={hit.totalIskDestroyed} />
        </span>
      </div>
      <div className="flex items-center gap-2">
        <SideName align="left" hit={hit} side={left} />
        <span className="ml-auto h-7 shrink-0">
          <Shape height={28} hit={hit} spark={spark} width={84} />
        </span>
        <SideName align="right" hit={hit} side={right} />
      </div>
      <div className="flex items-center gap-2 text-sec text-t2">
        <span className="truncate">
          {day(hit.startTime)} {clock(hit.startTime)} · {count(hit.totalKills)} killmails
        </span>
        {hit.tier && (
          <span className="ml-auto shrink-0">
            <TierMeter tier={hit.tier} />
          </span>
        )}
      </div>
    </div>
  );
}

function Place({ hit }: { hit: BattleHit }) {
  const system = nameOf(hit.systemName, "System", hit.systemId);
  const systemMarks = marksOf(hit, "system", hit.systemId);
  const region = nameOf(hit.regionName, "Region", hit.regionId);
  return (
    <span className="min-w-0 leading-[17px]">
      <span className="block truncate font-[500]" dir="auto">
        <Marked marks={hit.name ? marksOf(hit, "battle", hit.id) : systemMarks} text={titleOf(hit)} />
        {hit.status === "open" && (
          <span
            className="ml-1.5 inline-block size-1.5 rounded-full bg-kill align-middle"
            role="img"
            aria-label="Ongoing"
          />
        )}
      </span>
      <span className="block truncate text-label text-t3">
        {hit.name && (
          <>
            <Marked marks={systemMarks} text={system} />
            {" · "}
          </>
        )}
        <Marked marks={marksOf(hit, "region", hit.regionId)} text={region} />
      </span>
    </span>
  );
}

function SideName({ hit, side, align }: { hit: BattleHit; side: HitSide | undefined; align: "left" | "right" }) {
  const party = side?.topParty;
  const marks = party && party.partyType !== "faction" ? marksOf(hit, party.partyType, party.partyId) : [];
  return (
    <span className={`flex min-w-0 items-center gap-2 ${align === "right" ? "flex-row-reverse text-right" : ""}`}>
      <Emblem id={party?.partyId ?? null} size={26} type={party?.partyType ?? "faction"} />
      <span className="min-w-0 leading-[17px]">
        <span className="block truncate" dir="auto">
          <Marked marks={marks} text={sideLabel(side)} />
        </span>
        {party?.ticker && <span className="block truncate text-label text-t3">{party.ticker}</span>}
      </span>
    </span>
  );
}

type ShapeProps = RowProps & { width: number; height?: number };

function Shape({ hit, spark, width, height = 34 }: ShapeProps) {
  if (!spark) return null;
  const up = namedSides(hit).left?.sideId ?? null;
  const label = `Losses over ${duration(hit.duration)}, side 1 upwards`;
  return <Spark height={height} label={label} spark={spark} up={up} width={width} />;
}

const TYPE_WORDS: Record<MatchedName["type"], string> = {
  battle: "battle",
  system: "system",
  region: "region",
  alliance: "alliance",
  corporation: "corporation",
  character: "pilot",
  ship_type: "ship",
};

function Others({ matches }: { matches: readonly MatchedName[] }) {
  if (matches.length === 0) return null;
  return (
    <p className="flex h-6 items-center gap-3 overflow-hidden px-3 pb-1.5 text-label text-t3 max-md:px-0">
      <span className="min-w-0 truncate" dir="auto">
        {matches.slice(0, MATCHES_SHOWN).map((match, index) => (
          <span key={`${match.type}${match.id}`}>
            {index > 0 && " · "}
            {TYPE_WORDS[match.type]} <Marked marks={match.highlights} text={match.name} />
          </span>
        ))}
        {matches.length > MATCHES_SHOWN && ` · ${matches.length - MATCHES_SHOWN} more`}
      </span>
    </p>
  );
}

function sentence(hit: BattleHit): string {
  const { left, right } = namedSides(hit);
  const sides = left && right ? `${sideLabel(left)} against ${sideLabel(right)}` : sideLabel(left);
  const place = `${nameOf(hit.systemName, "System", hit.systemId)}, ${nameOf(hit.regionName, "Region", hit.regionId)}`;
  return `${hit.name ?? place}: ${sides}, ${shortIsk(hit.totalIskDestroyed)} ISK lost on ${hit.totalKills} killmails, ${day(hit.startTime)} ${clock(hit.startTime)}`;
}
