import { useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { BattleBattleDetail } from "@/api/client";
import type { Measure } from "@/figures/buckets";
import { LossTable } from "@/figures/LossTable";
import { LossTimeline } from "@/figures/LossTimeline";
import type { Pin, Span } from "@/figures/lossGeometry";
import { bucketSeconds } from "@/lib/scale";
import { instant } from "@/lib/time";
import { Button, Seg } from "@/ui/controls";
import { isHatched, sideClass } from "@/ui/marks";
import { spanOf, useChange, useReport } from "../model/context";
import { figureSides, lossOf } from "../model/losses";
import { momentsOf } from "../model/moments";
import { sharedSearch } from "../model/search";

const MEASURES = [
  { value: "isk", label: "ISK" },
  { value: "ships", label: "Ships" },
  { value: "damage", label: "Damage" },
] as const satisfies readonly { value: Measure; label: string }[];

const TITLES: Record<Measure, string> = {
  isk: "ISK lost over time",
  ships: "Ships lost over time",
  damage: "Damage taken over time",
};
const TABLE_WIDTH = 400;
const PINS = 5;

/** The figure with its switch, its legend and its table. */
type PanelProps = { height: number; className?: string; mark?: number; onMark?: (at: number) => void };

export function TimelinePanel({ height, className = "", mark, onMark }: PanelProps) {
  const { battle, search } = useReport();
  const [showTable, setShowTable] = useState(false);
  const change = useChange();
  const navigate = useNavigate();
  const losses = useMemo(() => battle.killmails.map(lossOf), [battle]);
  const sides = useMemo(() => figureSides(battle), [battle]);
  const pins = useMemo(() => pinsOf(battle), [battle]);
  const quiet = useMemo(() => quietOf(battle.rounds), [battle]);
  const measure = search.by ?? "isk";
  const start = instant(battle.startTime);
  const end = Math.max(instant(battle.endTime), start + 1000);
  const span = spanOf({ battle, search });
  const seconds = (value: number) => Math.max(0, Math.round((value - start) / 1000));
  const setSpan = (next: Span | undefined) =>
    change({ from: next && seconds(next.from), to: next && seconds(next.to) });
  const openKills = (bucket: Span) =>
    navigate({
      to: "/battles/$id/kills",
      params: { id: battle.id },
      search: { ...sharedSearch(search), from: seconds(bucket.from), to: seconds(bucket.to) },
    });
  const figure = { start, end, losses, sides, measure };
  return (
    <section aria-label={TITLES[measure]} className={`panel px-3 pt-2.5 pb-1 ${className}`}>
      <div className="mb-1 flex flex-wrap items-center gap-x-3 gap-y-1.5">
        <h2 className="text-body font-[600]">{TITLES[measure]}</h2>
        <Seg
          label="Measure"
          onChange={(by) => change({ by: by === "isk" ? undefined : by }, true)}
          options={MEASURES}
          value={measure}
        />
        {span && (
          <Button className="!h-6 !px-2 !text-sec" icon="close" onClick={() => setSpan(undefined)} tone="ghost">
            Whole battle
          </Button>
        )}
        <div className="ml-auto flex flex-wrap gap-x-4 gap-y-1 text-sec text-t2 max-md:ml-0">
          {sides.map((side, index) => (
            <span className="flex items-center gap-1.5" key={String(side.sideId)}>
              <span
                aria-hidden="true"
                className={`${sideClass(side.sideId)} ${isHatched(side.sideId, side.role) ? "side-hatch" : "side-fill"} size-2.5 rounded-[2px]`}
              />
              <span className="max-w-56 truncate">{side.name}</span>
              {index === 0 ? "up" : side.role && side.role !== "main" ? "third party" : "down"}
            </span>
          ))}
        </div>
      </div>
      <LossTimeline
        {...figure}
        height={height}
        mark={mark}
        onOpen={onMark ? (bucket) => onMark(bucket.from) : openKills}
        onSpan={onMark ? undefined : setSpan}
        pins={pins}
        quiet={quiet}
        span={span}
      />
      <div className="no-print flex items-center justify-between gap-3">
        <span className="text-label text-t3">Square root scale: a bar twice as high is four times as much.</span>
        <button
          aria-expanded={showTable}
          className="shrink-0 px-1 text-label text-t3 hover:text-t1 max-md:h-11"
          onClick={() => setShowTable(!showTable)}
          type="button"
        >
          {showTable ? "Hide the table" : "As a table"}
        </button>
      </div>
      {showTable && (
        <div className="max-h-80 overflow-auto">
          <LossTable {...figure} seconds={bucketSeconds((end - start) / 1000, TABLE_WIDTH)} />
        </div>
      )}
    </section>
  );
}

/** The moments that are named in the figure. */
function pinsOf(battle: BattleBattleDetail): Pin[] {
  return momentsOf(battle)
    .flatMap((moment) => (moment.pin ? [{ at: moment.at, text: moment.pin }] : []))
    .slice(0, PINS);
}

function quietOf(rounds: readonly { startTime: string; endTime: string }[]): Span[] {
  return rounds.slice(1).flatMap((round, index) => {
    const before = rounds[index];
    return before ? [{ from: instant(before.endTime), to: instant(round.startTime) }] : [];
  });
}
