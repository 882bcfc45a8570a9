import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { BattleKillmailItem, HullClass, PartyItem, SideItem } from "@/api/client";
import { hullLabel, hullOrder } from "@/lib/hulls";
import { count, iskNumber, percent, shortIsk } from "@/lib/isk";
import { sumIsk } from "@/lib/isk-sum";
import { partyKey, partyName } from "@/lib/names";
import { isOwn } from "@/lib/sides";
import { Emblem } from "@/ui/Emblem";
import { HullGlyph } from "@/ui/HullGlyph";
import { ConfidencePips, Isk, SideKey, sideClass } from "@/ui/marks";
import { dragOf, useDropOnSide } from "../edit/dragging";
import { PartyMenu } from "../edit/PartyMenu";
import { LossRow } from "../frame/LossRow";
import { useReport } from "../model/context";
import { sideName } from "../model/losses";

const MOST_EXPENSIVE = 8;
const SMALL_SHARE = 0.01;
/** Rows of parties at first: a coalition has hundreds. */
const MOST_ROWS = 40;

export function SideColumn({ side, editable }: { side: SideItem; editable: boolean }) {
  const { battle } = useReport();
  const lost = useMemo(() => battle.killmails.filter((mail) => mail.sideId === side.sideId), [battle, side.sideId]);
  const drop = useDropOnSide(side.sideId, editable);
  return (
    <section
      aria-label={`Side ${side.sideId}, ${sideName(side)}`}
      className={`${sideClass(side.sideId)} panel side-rule overflow-hidden ${drop.isOver ? "outline-2 outline-focus" : ""}`}
      {...drop.handlers}
    >
      <div className="side-ground border-b border-line px-3.5 py-2.5">
        <div className="flex items-center gap-2">
          <SideKey role={side.role} sideId={side.sideId} />
          <h2 className="truncate text-col font-[650]" dir="auto">
            {sideName(side)}
          </h2>
          <span className="ml-auto shrink-0 text-sec text-t2">
            {isOwn(side) && "yours · "}side {side.sideId} ·{" "}
            {side.parties.length === 1 ? "1 party" : `${side.parties.length} parties`}
          </span>
        </div>
        <Figures side={side} />
      </div>
      <Parties editable={editable} side={side} />
      <Hulls side={side} />
      <MostExpensive lost={lost} side={side} />
    </section>
  );
}

function Figures({ side }: { side: SideItem }) {
  const figures = [
    [count(side.pilots), "pilots seen", undefined],
    [count(side.shipsLost), "ships lost", side.capsulesLost ? `and ${side.capsulesLost} capsules` : undefined],
    [shortIsk(side.iskLost), "ISK lost", undefined],
    [shortIsk(side.iskDestroyed), "ISK destroyed", undefined],
    [percent(side.iskEfficiency), "efficiency", undefined],
  ] as const;
  return (
    <dl className="mt-2 flex flex-wrap justify-between gap-x-3 gap-y-1">
      {figures.map(([figure, label, more]) => (
        <div className="flex flex-col-reverse" key={label} title={more}>
          <dt className="text-label text-t2">{label}</dt>
          <dd className="text-fig font-[650]">{figure}</dd>
        </div>
      ))}
    </dl>
  );
}

const COLUMNS = [
  { label: "Party", className: "" },
  { label: "Pilots", className: "w-12 text-right" },
  { label: "Lost", className: "w-10 text-right" },
  { label: "", className: "w-14 max-lg:hidden" },
  { label: "ISK lost", className: "w-16 text-right" },
  { label: "Sure", className: "w-11 pl-2 max-md:hidden" },
] as const;

function Parties({ side, editable }: { side: SideItem; editable: boolean }) {
  const { battle } = useReport();
  const [showSmall, setShowSmall] = useState(false);
  const parties = [...side.parties].sort((a, b) => iskNumber(b.iskLost) - iskNumber(a.iskLost) || b.pilots - a.pilots);
  const isSmall = (party: PartyItem) => party.losses === 0 && party.pilots < side.pilots * SMALL_SHARE && !party.pinned;
  const kept = parties.filter((party) => !isSmall(party)).slice(0, MOST_ROWS);
  const small = parties.filter((party) => !kept.includes(party));
  const most = Math.max(1, ...battle.sides.flatMap((one) => one.parties.map((party) => iskNumber(party.iskLost))));
  const shown = showSmall ? parties : kept;
  return (
    <div className="border-b border-line pb-1">
      <table className="w-full table-fixed">
        <caption className="sr">Parties of side {side.sideId}</caption>
        <thead>
          <tr className="h-7 text-label text-t2">
            {COLUMNS.map(({ label, className }, index) => (
              <th
                className={`font-[400] first:pl-[42px] first:text-left ${className}`}
                key={label || index}
                scope="col"
              >
                {label || <span className="sr">ISK lost as a bar</span>}
              </th>
            ))}
            <th className="w-9 max-md:w-12" scope="col">
              <span className="sr">More</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((party) => (
            <PartyRow editable={editable} key={partyKey(party)} most={most} party={party} side={side} />
          ))}
        </tbody>
      </table>
      {small.length > 0 && (
        <button
          aria-expanded={showSmall}
          className="h-8 px-3.5 text-sec text-t2 hover:text-t1 max-md:h-11"
          onClick={() => setShowSmall(!showSmall)}
          type="button"
        >
          {showSmall ? "Hide" : "Show"}{" "}
          {small.length === 1 ? "1 smaller party" : `${count(small.length)} smaller parties`},{" "}
          {count(small.reduce((sum, party) => sum + party.pilots, 0))} pilots
        </button>
      )}
    </div>
  );
}

type PartyRowProps = { party: PartyItem; side: SideItem; most: number; editable: boolean };

function PartyRow({ party, side, most, editable }: PartyRowProps) {
  const { battle, search } = useReport();
  const key = partyKey(party);
  const share = (100 * iskNumber(party.iskLost)) / most;
  return (
    <tr
      className={`h-8 hover:bg-s2 max-md:h-11 ${search.party === key ? "bg-s2" : ""}`}
      {...(editable && dragOf(party))}
    >
      <th className="pl-3.5 text-left font-[400]" scope="row">
        <span className="flex min-w-0 items-center gap-2">
          <Emblem id={party.partyId} size={20} type={party.partyType} />
          <span className="flex min-w-0 items-center gap-2 max-md:flex-col max-md:items-start max-md:gap-0">
            <Link
              className="max-w-full truncate hover:underline max-md:line-clamp-2 max-md:whitespace-normal max-md:wrap-anywhere"
              dir="auto"
              params={{ id: battle.id }}
              search={{ party: key, side: side.sideId }}
              title={`${partyName(party)}: its losses`}
              to="/battles/$id/kills"
            >
              {partyName(party)}
            </Link>
            {party.ticker && <span className="shrink-0 text-label text-t3 max-md:hidden">{party.ticker}</span>}
            {party.pinned && (
              <span className="shrink-0 text-label text-t3" title={`Put here by ${party.pinned.author}`}>
                pinned
              </span>
            )}
          </span>
        </span>
      </th>
      <td className="text-right text-t2">{count(party.pilots)}</td>
      <td className="text-right font-[550]" title={`${party.shipsLost} ships and ${party.capsulesLost} capsules`}>
        {count(party.shipsLost)}
      </td>
      <td className="pl-2 max-lg:hidden">
        <span aria-hidden="true" className="block h-1 overflow-hidden rounded-[2px] bg-s3">
          <span className="side-fill block h-full" style={{ width: `${share}%` }} />
        </span>
      </td>
      <td className="text-right">
        <Isk plain value={party.iskLost} />
      </td>
      <td className="pl-2 max-md:hidden">
        <ConfidencePips confidence={party.confidence} evidence={party.evidence} />
      </td>
      <td className="text-center">
        <PartyMenu editable={editable} party={party} sideId={side.sideId} />
      </td>
    </tr>
  );
}

type HullTotal = { hull: HullClass | null; seen: number; lost: number; iskLost: string };

/** Seen and lost by class, heaviest first. */
export function hullTotals(side: SideItem): HullTotal[] {
  const byHull = new Map<HullClass | null, { seen: number; lost: number; isk: string[] }>();
  for (const ship of side.ships) {
    const total = byHull.get(ship.hullClass) ?? { seen: 0, lost: 0, isk: [] };
    total.seen += ship.seen;
    total.lost += ship.lost;
    total.isk.push(ship.iskLost);
    byHull.set(ship.hullClass, total);
  }
  return [...byHull]
    .map(([hull, { seen, lost, isk }]) => ({ hull, seen, lost, iskLost: sumIsk(isk) }))
    .sort((a, b) => hullOrder(a.hull) - hullOrder(b.hull));
}

function Hulls({ side }: { side: SideItem }) {
  const { battle } = useReport();
  const totals = useMemo(() => hullTotals(side), [side]);
  const most = useMemo(
    () =>
      Math.max(1, ...battle.sides.flatMap((one) => hullTotals(one).map((total) => Math.max(total.seen, total.lost)))),
    [battle],
  );
  if (totals.length === 0) return null;
  return (
    <div className="border-b border-line pb-1">
      <div className="flex h-7 items-center justify-between px-3.5 text-label text-t2">
        <h3>Hulls lost of seen</h3>
        <span>ISK lost</span>
      </div>
      <ul>
        {totals.map(({ hull, seen, lost, iskLost }) => (
          <li
            className="grid h-7 grid-cols-[20px_minmax(80px,116px)_1fr_76px_60px] items-center gap-x-2 px-3.5"
            key={hull ?? "unknown"}
          >
            <span className="side-text grid place-items-center">
              <HullGlyph hull={hull} />
            </span>
            <span className="truncate">{hullLabel(hull)}</span>
            <span aria-hidden="true" className="relative h-2.5">
              <span
                className="side-tint absolute inset-y-0 left-0 rounded-[2px]"
                style={{ width: `${(100 * Math.max(seen, lost)) / most}%` }}
              />
              <span
                className="side-fill absolute inset-y-0 left-0 rounded-[2px]"
                style={{ width: `${(100 * lost) / most}%` }}
              />
            </span>
            <span className="text-right">
              <strong className="font-[600]">{count(lost)}</strong>
              <span className="text-t3"> / {seen ? count(seen) : "–"}</span>
            </span>
            <span className="text-right text-t2">{lost ? <Isk plain value={iskLost} /> : "–"}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function MostExpensive({ lost, side }: { lost: readonly BattleKillmailItem[]; side: SideItem }) {
  const { battle } = useReport();
  const losses = useMemo(
    () => [...lost].sort((a, b) => iskNumber(b.iskValue) - iskNumber(a.iskValue)).slice(0, MOST_EXPENSIVE),
    [lost],
  );
  return (
    <div>
      <div className="flex h-7 items-center justify-between px-3.5 text-label text-t2">
        <h3>Most expensive losses</h3>
        <span>{count(side.losses)} in all</span>
      </div>
      <ul>
        {losses.map((mail) => (
          <li className="border-t border-hair" key={mail.killmailId}>
            <LossRow mail={mail} />
          </li>
        ))}
      </ul>
      {losses.length === 0 && <p className="border-t border-hair px-3.5 py-3 text-t2">Nothing was lost.</p>}
      <Link
        className="block border-t border-line px-3.5 py-2.5 text-link hover:bg-s2"
        params={{ id: battle.id }}
        search={{ side: side.sideId }}
        to="/battles/$id/kills"
      >
        All losses of side {side.sideId}
      </Link>
    </div>
  );
}
