import type { BattleBattleDetail, SideItem } from "@/api/client";
import { type Segment, TugBar } from "@/figures/TugBar";
import { count, iskNumber, percent, shortIsk } from "@/lib/isk";
import { partyKey, partyName } from "@/lib/names";
import { arrange, inBarOrder, isOwn } from "@/lib/sides";
import { Emblem } from "@/ui/Emblem";
import { SideKey, sideClass } from "@/ui/marks";
import { mainParty, shipTotals, sideName } from "../model/losses";

const EMBLEMS = 7;
const PHONE_EMBLEMS = 5;

/** Who fought, who won, and what it cost: before anything else. */
export function Scoreboard({ battle }: { battle: BattleBattleDetail }) {
  const { left, right } = arrange(battle.sides);
  const main = battle.sides.filter((side) => side.role === "main");
  if (main.length > 2) return <Many battle={battle} sides={main} />;
  return (
    <section
      aria-label="Score"
      className="panel grid grid-cols-[1fr_minmax(0,560px)_1fr] overflow-hidden max-lg:grid-cols-2"
    >
      <Cell battle={battle} side={left} />
      <div className="flex flex-col justify-center gap-2 border-x border-line px-4 py-3 max-lg:order-3 max-lg:col-span-2 max-lg:border-x-0 max-lg:border-t">
        <Bars battle={battle} />
      </div>
      <Cell battle={battle} mirrored side={right} />
    </section>
  );
}

function Many({ battle, sides }: { battle: BattleBattleDetail; sides: readonly SideItem[] }) {
  return (
    <section aria-label="Score" className="panel overflow-hidden">
      <div className="grid auto-cols-fr grid-flow-col max-md:grid-flow-row">
        {sides.map((side) => (
          <Cell battle={battle} key={side.sideId} side={side} />
        ))}
      </div>
      <div className="flex flex-col gap-2 border-t border-line px-4 py-3">
        <Bars battle={battle} />
      </div>
    </section>
  );
}

function Cell({
  battle,
  side,
  mirrored,
}: {
  battle: BattleBattleDetail;
  side: SideItem | undefined;
  mirrored?: boolean;
}) {
  if (!side) return <div className="grid place-items-center p-4 text-t3">No other side is known</div>;
  const top = mainParty(side);
  const parties = [...side.parties].sort((a, b) => b.pilots - a.pilots);
  return (
    <div
      className={`${sideClass(side.sideId)} ${mirrored ? "side-right flex-row-reverse text-right" : "side-left"} flex min-w-0 items-center gap-3.5 px-4 py-3 max-md:items-start max-md:px-3`}
    >
      <span className="max-md:hidden">
        <Emblem id={top?.partyId ?? null} size={48} type={top?.partyType ?? "faction"} />
      </span>
      <div className="min-w-0">
        <div className={`flex items-center gap-2 max-md:items-start ${mirrored ? "flex-row-reverse" : ""}`}>
          <SideKey role={side.role} sideId={side.sideId} size={18} />
          {/* On a phone a name takes the lines that it needs. */}
          <span
            className="truncate text-side font-[650] max-md:text-body max-md:wrap-anywhere max-md:whitespace-normal"
            dir="auto"
            title={sideName(side)}
          >
            {sideName(side)}
          </span>
        </div>
        <div className="text-sec text-t2">
          {isOwn(side) && <span className="font-[550] text-t1">yours · </span>}
          <Outcome battle={battle} side={side} />
          <span className="whitespace-nowrap">{percent(side.iskEfficiency)} eff.</span>
        </div>
        <div className={`mt-1.5 flex h-4.5 gap-1 overflow-hidden ${mirrored ? "flex-row-reverse" : ""}`}>
          {parties.slice(0, EMBLEMS).map((party, index) => (
            <span
              className={index < PHONE_EMBLEMS ? "" : "max-md:hidden"}
              key={partyKey(party)}
              title={partyName(party)}
            >
              <Emblem id={party.partyId} size={18} type={party.partyType} />
            </span>
          ))}
          <More hidden={parties.length - EMBLEMS} className="max-md:hidden" />
          <More hidden={parties.length - PHONE_EMBLEMS} className="md:hidden" />
        </div>
      </div>
    </div>
  );
}

function More({ hidden, className }: { hidden: number; className: string }) {
  return hidden > 0 ? <span className={`${className} text-label text-t3`}>+{hidden}</span> : null;
}

function Outcome({ battle, side }: { battle: BattleBattleDetail; side: SideItem }) {
  if (battle.outcome.winningSide !== side.sideId) return null;
  return <span className="font-[550] text-kill">▲ Won{battle.outcome.isDecisive && ", decisive"} · </span>;
}

function Bars({ battle }: { battle: BattleBattleDetail }) {
  const sides = inBarOrder(battle.sides);
  const { left, right } = arrange(battle.sides);
  const totals = shipTotals(battle);
  const segments = (value: (side: SideItem) => number): Segment[] =>
    sides.map((side) => ({ sideId: side.sideId, role: side.role, value: value(side) }));
  const capsules = totals.capsules > 0 ? ` + ${count(totals.capsules)} capsules` : "";
  return (
    <>
      <Bar
        ends={[left && shortIsk(left.iskLost), right && shortIsk(right.iskLost)]}
        label="ISK lost"
        segments={segments((side) => iskNumber(side.iskLost))}
        sentence={sentence("ISK lost", sides, (side) => shortIsk(side.iskLost))}
        sides={[left, right]}
        total={`${shortIsk(battle.totalIskDestroyed)} in all`}
      />
      <Bar
        ends={[left && count(left.shipsLost), right && count(right.shipsLost)]}
        label="Ships lost"
        segments={segments((side) => side.shipsLost)}
        sentence={sentence("Ships lost", sides, (side) => count(side.shipsLost))}
        sides={[left, right]}
        total={`${count(totals.ships)}${capsules}`}
      />
      <Bar
        ends={[left && count(left.pilots), right && count(right.pilots)]}
        label="Pilots seen"
        segments={segments((side) => side.pilots)}
        sentence={sentence("Pilots seen", sides, (side) => count(side.pilots))}
        sides={[left, right]}
        total={`${count(battle.totalParticipants)} on killmails`}
      />
    </>
  );
}

function sentence(what: string, sides: readonly SideItem[], show: (side: SideItem) => string): string {
  return `${what}: ${sides.map((side) => `${sideName(side)} ${show(side)}`).join(", ")}`;
}

type BarProps = {
  label: string;
  total: string;
  ends: [string | undefined, string | undefined];
  sides: [SideItem | undefined, SideItem | undefined];
  segments: Segment[];
  sentence: string;
};

function Bar({ label, total, ends, sides, segments, sentence: text }: BarProps) {
  const end = (index: 0 | 1) => (
    <span
      className={`${sideClass(sides[index]?.sideId ?? null)} side-text w-14 shrink-0 text-fig font-[600] ${index === 0 ? "text-right" : ""}`}
    >
      {ends[index]}
    </span>
  );
  return (
    <div className="flex items-center gap-2.5">
      {end(0)}
      <div className="min-w-0 flex-1">
        <div className="flex justify-between text-label leading-[14px] text-t2">
          <span>{label}</span>
          <span>{total}</span>
        </div>
        <TugBar height={6} segments={segments} sentence={text} />
      </div>
      {end(1)}
    </div>
  );
}
