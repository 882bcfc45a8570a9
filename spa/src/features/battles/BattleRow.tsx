import { useRouter } from "@tanstack/react-router";
import { memo } from "react";
import type { BattleItem, SideSummary } from "@/api/client";
import { Spark } from "@/figures/Spark";
import { TugBar } from "@/figures/TugBar";
import { count, iskNumber, shortIsk } from "@/lib/isk";
import { useIsPhone } from "@/lib/media";
import { nameOf, partyName } from "@/lib/names";
import { arrange, inBarOrder } from "@/lib/sides";
import { clock, day, duration, fullTime } from "@/lib/time";
import { Emblem } from "@/ui/Emblem";
import { Isk, SecBadge, sideClass, TierMeter } from "@/ui/marks";
import { RowLink } from "@/ui/RowLink";

/** The columns of the list; the head and all rows share them. */
export const COLUMNS =
  "grid grid-cols-[58px_minmax(120px,1.15fr)_104px_minmax(110px,1.5fr)_144px_minmax(110px,1.5fr)_150px_56px_60px_72px] items-center gap-x-3 max-xl:grid-cols-[58px_minmax(110px,1.1fr)_minmax(90px,1.2fr)_144px_minmax(90px,1.2fr)_130px_52px_56px_68px] max-lg:grid-cols-[58px_minmax(100px,1fr)_92px_120px_92px_44px_64px]";

/** How high a row is, and a card with the space below it. */
export const ROW = 49;
export const CARD = 172;

/** What the element around a row looks like. */
export const ROW_FRAME = "border-b border-hair max-md:border-0 max-md:pb-2.5 hover:bg-s2";

/** A battle as a row, and as a card on a phone. The whole of it is one link. */
export const BattleRow = memo(function BattleRow({ battle, withDay }: { battle: BattleItem; withDay?: boolean }) {
  const { left, right, others } = arrange(battle.sides);
  const isPhone = useIsPhone();
  const router = useRouter();
  const report = { to: "/battles/$id", params: { id: battle.id } } as const;
  return (
    <>
      <RowLink
        // The day, which stands above the rows while they scroll, does not cover the one that gets the focus.
        className="scroll-mt-8"
        href={`/battles/${battle.id}`}
        label={sentence(battle, left, right)}
        open={() => void router.navigate(report)}
        preload={() => void router.preloadRoute(report)}
      />
      {isPhone ? (
        <Card battle={battle} left={left} others={others} right={right} />
      ) : (
        <Columns battle={battle} left={left} others={others} right={right} withDay={withDay === true} />
      )}
    </>
  );
});

type Shown = {
  battle: BattleItem;
  left: SideSummary | undefined;
  right: SideSummary | undefined;
  others: SideSummary[];
};

function Columns({ battle, left, right, others, withDay }: Shown & { withDay: boolean }) {
  return (
    <div className={`${COLUMNS} h-12 px-3`}>
      <span className="leading-[17px]" title={fullTime(battle.startTime)}>
        {withDay ? day(battle.startTime).slice(5) : clock(battle.startTime)}
        <span className="block text-label text-t3">
          {withDay ? clock(battle.startTime) : duration(battle.duration)}
        </span>
      </span>
      <Place battle={battle} />
      <span className="flex flex-col gap-0.5 max-xl:hidden">
        <TierMeter tier={battle.tier} />
        <Third sides={others} />
      </span>
      <SideName align="right" side={left} />
      <Spark label={sparkSentence(battle)} spark={battle.spark} up={left?.sideId ?? null} width={144} />
      <SideName align="left" side={right} />
      <LostBySide battle={battle} />
      <span className="text-right max-lg:hidden">{count(battle.totalKills)}</span>
      <span className="text-right text-t2">{count(battle.totalParticipants)}</span>
      <span className="text-right font-[550]">
        <Isk value={battle.totalIskDestroyed} />
      </span>
    </div>
  );
}

function Card({ battle, left, right, others }: Shown) {
  return (
    <div className="panel flex h-[162px] flex-col justify-between p-3">
      <div className="flex items-center gap-2">
        <SecBadge place={battle} systemId={battle.systemId} />
        <span className="truncate text-col">{nameOf(battle.systemName, "System", battle.systemId)}</span>
        <span className="ml-auto text-col font-[600]">
          <Isk value={battle.totalIskDestroyed} />
        </span>
      </div>
      <div className="flex items-center gap-2 text-sec text-t2">
        <span className="truncate">
          {clock(battle.startTime)} · {duration(battle.duration)} · {battle.regionName}
        </span>
        <span className="ml-auto shrink-0">
          <TierMeter tier={battle.tier} />
        </span>
      </div>
      <div className="flex items-center gap-2">
        <CardSide side={left} />
        <span className="shrink-0">
          <Spark height={28} label={sparkSentence(battle)} spark={battle.spark} up={left?.sideId ?? null} width={84} />
        </span>
        <CardSide mirrored side={right} />
      </div>
      <LostBySide battle={battle} />
      <div className="flex gap-2 text-sec whitespace-nowrap text-t2">
        {count(battle.totalKills)} killmails · {count(battle.totalParticipants)} pilots
        <span className="ml-auto min-w-0 truncate">
          <Third sides={others} />
        </span>
      </div>
    </div>
  );
}

function CardSide({ side, mirrored }: { side: SideSummary | undefined; mirrored?: boolean }) {
  return (
    <span className={`flex min-w-0 flex-1 items-center gap-2 ${mirrored ? "flex-row-reverse text-right" : ""}`}>
      <Emblem id={side?.topParty?.partyId ?? null} size={26} type={side?.topParty?.partyType ?? "faction"} />
      <span className="truncate" dir="auto">
        {sideLabel(side)}
      </span>
    </span>
  );
}

function Place({ battle }: { battle: BattleItem }) {
  return (
    <span className="flex min-w-0 items-center gap-2">
      <SecBadge place={battle} systemId={battle.systemId} />
      <span className="min-w-0 leading-[17px]">
        <span className="block truncate font-[500]">
          {nameOf(battle.systemName, "System", battle.systemId)}
          {battle.status === "open" && (
            <span
              aria-hidden="true"
              className="ml-1.5 inline-block size-1.5 rounded-full bg-kill align-middle"
              title="Ongoing"
            />
          )}
        </span>
        <span className="block truncate text-label text-t3">
          {nameOf(battle.regionName, "Region", battle.regionId)}
        </span>
      </span>
    </span>
  );
}

function sideLabel(side: SideSummary | undefined): string {
  if (!side) return "–";
  return side.topParty ? partyName(side.topParty) : `Side ${side.sideId}`;
}

function SideName({ side, align }: { side: SideSummary | undefined; align: "left" | "right" }) {
  const more = side ? side.partyCount - 1 : 0;
  const ticker = side?.topParty?.ticker;
  const below = [ticker, more > 0 ? `${ticker ? "and " : ""}${more} more` : undefined].filter(Boolean).join(" ");
  return (
    <span className={`flex min-w-0 items-center gap-2 ${align === "right" ? "flex-row-reverse text-right" : ""}`}>
      <Emblem id={side?.topParty?.partyId ?? null} size={26} type={side?.topParty?.partyType ?? "faction"} />
      <span className="min-w-0 leading-[17px]">
        <span className="block truncate font-[450]" dir="auto" title={sideLabel(side)}>
          {sideLabel(side)}
        </span>
        {below && <span className="block truncate text-label text-t3">{below}</span>}
      </span>
    </span>
  );
}

function Third({ sides }: { sides: readonly SideSummary[] }) {
  const [first] = sides;
  if (!first) return null;
  const name = first.topParty?.ticker ?? sideLabel(first);
  return (
    <span className={`${sideClass(first.sideId)} side-text block max-w-40 truncate text-label`}>
      {first.role === "main" ? `side ${first.sideId}` : "third"}: {name}
      {sides.length > 1 && ` +${sides.length - 1}`}
    </span>
  );
}

function LostBySide({ battle }: { battle: BattleItem }) {
  const { left, right } = arrange(battle.sides);
  const segments = inBarOrder(battle.sides).map((side) => ({
    sideId: side.sideId,
    role: side.role,
    value: iskNumber(side.iskLost),
  }));
  const parts = battle.sides.map((side) => `${sideLabel(side)} ${shortIsk(side.iskLost)}`);
  return (
    <span className="flex min-w-0 flex-col gap-1 max-lg:max-md:flex max-lg:hidden">
      <span className="flex justify-between text-label leading-none">
        <span className={`${sideClass(left?.sideId ?? null)} side-text`}>{left && shortIsk(left.iskLost)}</span>
        <span className={`${sideClass(right?.sideId ?? null)} side-text`}>{right && shortIsk(right.iskLost)}</span>
      </span>
      <TugBar height={6} segments={segments} sentence={`ISK lost: ${parts.join(", ") || "no side is known"}`} />
    </span>
  );
}

function sentence(battle: BattleItem, left: SideSummary | undefined, right: SideSummary | undefined): string {
  const place = `${nameOf(battle.systemName, "System", battle.systemId)}, ${nameOf(battle.regionName, "Region", battle.regionId)}`;
  const sides = left && right ? `${sideLabel(left)} against ${sideLabel(right)}` : sideLabel(left);
  return `${battle.name ?? place}: ${sides}, ${shortIsk(battle.totalIskDestroyed)} ISK lost on ${battle.totalKills} killmails, ${day(battle.startTime)} ${clock(battle.startTime)}`;
}

function sparkSentence(battle: BattleItem): string {
  return `Losses over ${duration(battle.duration)}, side 1 upwards`;
}
