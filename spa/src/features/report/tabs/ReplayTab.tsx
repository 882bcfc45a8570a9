import { memo, useEffect, useMemo, useRef, useState } from "react";
import type { BattleKillmailItem, HullClass, SideItem } from "@/api/client";
import { FleetCanvas } from "@/figures/FleetCanvas";
import { hullLabel, hullOrder, isCapital } from "@/lib/hulls";
import { count, shortIsk } from "@/lib/isk";
import { useKeys } from "@/lib/keys";
import { arrange } from "@/lib/sides";
import { clockSeconds, duration, instant } from "@/lib/time";
import { Button, Seg } from "@/ui/controls";
import { HullGlyph } from "@/ui/HullGlyph";
import { SideKey, sideClass } from "@/ui/marks";
import { LossRow } from "../frame/LossRow";
import { TimelinePanel } from "../frame/TimelinePanel";
import { useChange, useReport } from "../model/context";
import { inTimeOrder, lossOf, sideName } from "../model/losses";
import { countUntil, type Fleet, fleetsOf, lossLine } from "../model/replay";

const SPEEDS = ["10", "30", "60", "120"] as const;
const FRESH_MS = 30_000;
const MINUTE_MS = 60_000;
const NEWEST = 12;
const FRAME_MS = 100;
/** Beyond this the ships are drawn, not elements of the document. */
const MOST_ELEMENTS = 1500;

/** The fight again: every ship that was seen, filled until it is lost. Positions are not known and not invented. */
export function ReplayTab() {
  const { battle, search } = useReport();
  const change = useChange();
  const start = instant(battle.startTime);
  const end = instant(battle.endTime);
  const [at, setAt] = useState(() => Math.min(end, start + (search.t ?? 0) * 1000));
  const [speed, setSpeed] = useState<(typeof SPEEDS)[number]>("30");
  const [playing, setPlaying] = useState(false);
  const fleets = useMemo(() => fleetsOf(battle), [battle]);
  const ships = [...fleets.values()].flat().reduce((sum, row) => sum + row.seen, 0);
  const losses = useMemo(() => inTimeOrder(battle.killmails).map(lossOf), [battle]);
  const { left, right, others } = arrange(battle.sides);
  const main = [left, right, ...others].filter((side) => side?.role === "main" || side === left || side === right);
  const third = others.filter((side) => side.role !== "main");
  usePlay(playing, Number(speed), end, setAt, () => setPlaying(false));
  /** The address has the moment while nothing moves. */
  const stand = (moment: number) => {
    setAt(moment);
    change({ t: Math.round((moment - start) / 1000) || undefined }, true);
  };
  const step = (direction: 1 | -1, capital: boolean) => {
    const times = losses.filter((loss) => !capital || isCapital(loss.hull)).map((loss) => loss.at);
    const next = direction === 1 ? times.find((time) => time > at) : times.findLast((time) => time < at);
    setPlaying(false);
    if (next !== undefined) stand(next);
  };
  const play = () => {
    if (at >= end) setAt(start);
    if (playing) stand(at);
    setPlaying(!playing);
  };
  useKeys({
    " ": play,
    ",": () => step(-1, false),
    ".": () => step(1, false),
    "<": () => step(-1, true),
    ">": () => step(1, true),
  });
  const { newest, capital } = useLostUntil(at);
  const stage = (side: SideItem) => (
    <Stage
      asCanvas={ships > MOST_ELEMENTS}
      at={at}
      fleet={fleets.get(side.sideId) ?? []}
      key={side.sideId}
      side={side}
    />
  );
  return (
    <>
      <div className="panel mb-3 flex flex-wrap items-center gap-3 px-3 py-2">
        <Button
          aria-label={playing ? "Pause" : "Play"}
          className="!size-9 !rounded-full !p-0 max-md:!size-11"
          icon={playing ? "pause" : "play"}
          onClick={play}
          tone="primary"
        />
        <span className="text-side font-[650]">{clockSeconds(at)}</span>
        <span className="text-t2">{duration((at - start) / 1000)} into the fight</span>
        <Seg
          label="Speed"
          onChange={setSpeed}
          options={SPEEDS.map((value) => ({ value, label: `${value}×` }))}
          value={speed}
        />
        <span className="flex gap-1">
          <Button className="!h-7 !px-2" onClick={() => step(-1, false)}>
            ◂ loss
          </Button>
          <Button className="!h-7 !px-2" onClick={() => step(1, false)}>
            loss ▸
          </Button>
          <Button className="!h-7 !px-2" onClick={() => step(-1, true)}>
            ◂ capital
          </Button>
          <Button className="!h-7 !px-2" onClick={() => step(1, true)}>
            capital ▸
          </Button>
        </span>
        <label className="flex min-w-60 flex-1 items-center gap-2">
          <span className="sr">Time in the battle</span>
          <input
            aria-valuetext={clockSeconds(at)}
            className="w-full accent-t1"
            max={end}
            min={start}
            onChange={(event) => setAt(Number(event.target.value))}
            step={1000}
            type="range"
            value={at}
          />
        </label>
        <span aria-live="polite" className="sr">
          {capital && `${hullLabel(capital.hullClass)} lost at ${clockSeconds(capital.occurredAt)}`}
        </span>
      </div>
      <TimelinePanel className="mb-3" height={150} mark={at} onMark={stand} />
      <div className="grid items-start gap-3 xl:grid-cols-[minmax(0,1fr)_300px]">
        <div className="grid grid-cols-2 items-start gap-3 max-md:grid-cols-1">
          {main.map((side) => side && stage(side))}
        </div>
        <div className="flex min-w-0 flex-col gap-3">
          <section aria-label="Losses, newest first" className="panel overflow-hidden max-xl:order-last">
            <h2 className="px-3.5 py-2 text-sec font-[600]">Losses, newest first</h2>
            {newest.map((mail) => (
              <LossRow key={mail.killmailId} mail={mail} />
            ))}
            {newest.length === 0 && <p className="px-3.5 pb-3 text-t2">None yet.</p>}
          </section>
          {third.map(stage)}
        </div>
      </div>
    </>
  );
}

function usePlay(
  playing: boolean,
  speed: number,
  end: number,
  setAt: (change: (at: number) => number) => void,
  onEnd: () => void,
): void {
  const ended = useRef(onEnd);
  useEffect(() => {
    ended.current = onEnd;
  });
  useEffect(() => {
    if (!playing) return;
    let before = performance.now();
    const timer = setInterval(() => {
      const now = performance.now();
      const passed = (now - before) * speed;
      before = now;
      setAt((at) => {
        if (at + passed >= end) ended.current();
        return Math.min(end, at + passed);
      });
    }, FRAME_MS);
    return () => clearInterval(timer);
  }, [playing, speed, end, setAt]);
}

/** The losses until the moment, the newest first, and a capital ship among those of the last half minute. */
function useLostUntil(at: number): { newest: BattleKillmailItem[]; capital: BattleKillmailItem | undefined } {
  const { battle } = useReport();
  const mails = inTimeOrder(battle.killmails);
  const times = useMemo(() => mails.map((mail) => instant(mail.occurredAt)), [mails]);
  const until = countUntil(times, at);
  return {
    newest: mails.slice(Math.max(0, until - NEWEST), until).reverse(),
    capital: mails.slice(countUntil(times, at - FRESH_MS), until).findLast((mail) => isCapital(mail.hullClass)),
  };
}

type StageProps = { side: SideItem; fleet: Fleet; at: number; asCanvas: boolean };

function Stage({ side, fleet, at, asCanvas }: StageProps) {
  const { battle } = useReport();
  const line = useMemo(
    () => lossLine(battle.killmails.filter((mail) => mail.sideId === side.sideId)),
    [battle, side.sideId],
  );
  const until = countUntil(line.times, at);
  const all = fleet.reduce((sum, row) => sum + row.seen, 0);
  const lost = line.ships[until] ?? 0;
  const figures = [
    [count(Math.max(0, all - lost)), "not lost yet"],
    [count(lost), "ships lost"],
    [shortIsk(line.isk[until] ?? "0"), "ISK lost"],
    [count(until - countUntil(line.times, at - MINUTE_MS)), "last minute"],
  ] as const;
  return (
    <section
      aria-label={`Side ${side.sideId}, ${sideName(side)}`}
      className={`${sideClass(side.sideId)} panel side-rule overflow-hidden`}
    >
      <div className="side-ground border-b border-line px-3.5 py-2.5">
        <div className="flex items-center gap-2">
          <SideKey role={side.role} sideId={side.sideId} />
          <h2 className="truncate text-col font-[650]" dir="auto">
            {sideName(side)}
          </h2>
          <span className="ml-auto text-sec text-t2">at {clockSeconds(at)}</span>
        </div>
        <dl className="mt-2 flex justify-between gap-3">
          {figures.map(([figure, label]) => (
            <div className="flex flex-col-reverse" key={label}>
              <dt className="text-label text-t2">{label}</dt>
              <dd className="text-fig font-[650]">{figure}</dd>
            </div>
          ))}
        </dl>
      </div>
      {fleet.map((row) => (
        <div
          className="grid grid-cols-[92px_1fr] gap-2 border-b border-hair px-3.5 py-2 last:border-0"
          key={row.hull ?? "unknown"}
        >
          <span className="text-sec text-t2">
            {hullLabel(row.hull)}
            <span className="block">
              <strong className="font-[600] text-t1">{row.seen - countUntil(row.times, at)}</strong> of {row.seen}
            </span>
          </span>
          {asCanvas ? (
            <span className="min-w-0">
              <FleetCanvas
                at={at}
                freshMs={FRESH_MS}
                hull={row.hull}
                seen={row.seen}
                size={glyphSize(row.hull)}
                times={row.times}
              />
            </span>
          ) : (
            <span className="flex flex-wrap content-start gap-[2px]">
              {Array.from({ length: row.seen }, (_, index) => (
                <Ship hull={row.hull} key={index} state={stateOf(row.times[index], at)} />
              ))}
            </span>
          )}
        </div>
      ))}
    </section>
  );
}

function glyphSize(hull: HullClass | null): number {
  const order = hullOrder(hull);
  return order < 2 ? 24 : order < 6 ? 18 : order < 8 ? 15 : 12;
}

function stateOf(lostAt: number | undefined, at: number): keyof typeof SHIP {
  if (lostAt === undefined || lostAt > at) return "there";
  return at - lostAt < FRESH_MS ? "fresh" : "lost";
}

const SHIP = {
  there: "side-text",
  fresh: "text-t1 [filter:drop-shadow(0_0_3px_currentColor)]",
  lost: "text-loss opacity-70",
} as const;

/** Only ships whose state changes are drawn again. */
const Ship = memo(function Ship({ hull, state }: { hull: HullClass | null; state: keyof typeof SHIP }) {
  return (
    <span className={SHIP[state]}>
      <HullGlyph hollow={state === "lost"} hull={hull} size={glyphSize(hull)} />
    </span>
  );
});
