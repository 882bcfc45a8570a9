import { memo, useEffect, useMemo, useRef, useState } from "react";
import type { HullClass, SideItem } from "@/api/client";
import { hullLabel, hullOrder, isCapital } from "@/lib/hulls";
import { count, shortIsk } from "@/lib/isk";
import { sumIsk } from "@/lib/isk-sum";
import { useKeys } from "@/lib/keys";
import { arrange } from "@/lib/sides";
import { clockSeconds, duration, instant } from "@/lib/time";
import { Button, Seg } from "@/ui/controls";
import { HullGlyph } from "@/ui/HullGlyph";
import { SideKey, sideClass } from "@/ui/marks";
import { useReport } from "./context";
import { LossRow } from "./LossRow";
import { lossOf, sideName } from "./losses";
import { type Fleet, fleetsOf } from "./replay";
import { TimelinePanel } from "./TimelinePanel";

const SPEEDS = ["10", "30", "60", "120"] as const;
const FRESH_MS = 30_000;
const NEWEST = 12;
const FRAME_MS = 100;

/** The fight again: every ship that was seen, filled until it is lost. Positions are not known and not invented. */
export function ReplayTab() {
  const { battle } = useReport();
  const start = instant(battle.startTime);
  const end = instant(battle.endTime);
  const [at, setAt] = useState(start);
  const [speed, setSpeed] = useState<(typeof SPEEDS)[number]>("30");
  const [playing, setPlaying] = useState(false);
  const fleets = useMemo(() => fleetsOf(battle), [battle]);
  const losses = useMemo(() => battle.killmails.map(lossOf).sort((a, b) => a.at - b.at), [battle]);
  const { left, right, others } = arrange(battle.sides);
  const sides = [left, right, ...others].filter((side) => side !== undefined);
  usePlay(playing, Number(speed), end, setAt, () => setPlaying(false));
  const step = (direction: 1 | -1, capital: boolean) => {
    const times = losses.filter((loss) => !capital || isCapital(loss.hull)).map((loss) => loss.at);
    const next = direction === 1 ? times.find((time) => time > at) : times.findLast((time) => time < at);
    setPlaying(false);
    if (next !== undefined) setAt(next);
  };
  const play = () => {
    if (at >= end) setAt(start);
    setPlaying(!playing);
  };
  useKeys({
    " ": play,
    ",": () => step(-1, false),
    ".": () => step(1, false),
    "<": () => step(-1, true),
    ">": () => step(1, true),
  });
  const newest = battle.killmails
    .filter((mail) => instant(mail.occurredAt) <= at)
    .sort((a, b) => instant(b.occurredAt) - instant(a.occurredAt));
  const capital = newest.find((mail) => isCapital(mail.hullClass) && at - instant(mail.occurredAt) < FRESH_MS);
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
      <TimelinePanel className="mb-3" height={150} mark={at} onMark={setAt} />
      <div className="grid items-start gap-3 xl:grid-cols-[minmax(0,1fr)_300px]">
        <div className="grid grid-cols-2 items-start gap-3 max-md:grid-cols-1">
          {sides.map((side) => (
            <Stage at={at} fleet={fleets.get(side.sideId) ?? []} key={side.sideId} side={side} />
          ))}
        </div>
        <section aria-label="Losses, newest first" className="panel overflow-hidden">
          <h2 className="px-3.5 py-2 text-sec font-[600]">Losses, newest first</h2>
          {newest.slice(0, NEWEST).map((mail) => (
            <LossRow key={mail.killmailId} mail={mail} />
          ))}
          {newest.length === 0 && <p className="px-3.5 pb-3 text-t2">None yet.</p>}
        </section>
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

function Stage({ side, fleet, at }: { side: SideItem; fleet: Fleet; at: number }) {
  const { battle } = useReport();
  const lost = useMemo(() => battle.killmails.filter((mail) => mail.sideId === side.sideId), [battle, side.sideId]);
  const gone = lost.filter((mail) => instant(mail.occurredAt) <= at);
  const ships = gone.filter((mail) => mail.hullClass !== "capsule").length;
  const recent = gone.filter((mail) => at - instant(mail.occurredAt) < 60_000).length;
  const all = fleet.reduce((sum, row) => sum + row.ships.length, 0);
  const figures = [
    [
      count(
        Math.max(
          0,
          all -
            fleet.reduce((sum, row) => sum + row.ships.filter((time) => time !== undefined && time <= at).length, 0),
        ),
      ),
      "not lost yet",
    ],
    [count(ships), "ships lost"],
    [shortIsk(sumIsk(gone.map((mail) => mail.iskValue))), "ISK lost"],
    [count(recent), "last minute"],
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
              <strong className="font-[600] text-t1">
                {row.ships.filter((time) => time === undefined || time > at).length}
              </strong>{" "}
              of {row.ships.length}
            </span>
          </span>
          <span className="flex flex-wrap content-start gap-[2px]">
            {row.ships.map((time, index) => (
              <Ship
                hull={row.hull}
                key={index}
                state={time === undefined || time > at ? "there" : at - time < FRESH_MS ? "fresh" : "lost"}
              />
            ))}
          </span>
        </div>
      ))}
    </section>
  );
}

const SHIP = { there: "side-text", fresh: "text-t1", lost: "text-loss opacity-40" } as const;

/** Only ships whose state changes are drawn again. */
const Ship = memo(function Ship({ hull, state }: { hull: HullClass | null; state: keyof typeof SHIP }) {
  const size = hullOrder(hull) < 2 ? 24 : hullOrder(hull) < 6 ? 18 : hullOrder(hull) < 8 ? 15 : 12;
  return (
    <span className={SHIP[state]}>
      <HullGlyph hull={hull} size={size} />
    </span>
  );
});
