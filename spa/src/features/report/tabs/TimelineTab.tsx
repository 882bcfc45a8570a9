import { useMemo } from "react";
import type { BattleBattleDetail, BattleKillmailItem } from "@/api/client";
import { RunningLines } from "@/figures/RunningLines";
import { count, iskNumber, shortIsk } from "@/lib/isk";
import { sumIsk } from "@/lib/isk-sum";
import { arrange } from "@/lib/sides";
import { clock, instant } from "@/lib/time";
import { SideKey } from "@/ui/marks";
import { LossRow } from "../frame/LossRow";
import { TimelinePanel } from "../frame/TimelinePanel";
import { spanOf, useReport } from "../model/context";
import { sideName } from "../model/losses";
import { lostLines, seenLines } from "../model/running";

const MOST_EXPENSIVE = 6;
const MINUTE = 60_000;

/** The figure at its full height, and below it the most expensive losses of both sides, minute by minute. */
export function TimelineTab() {
  const report = useReport();
  const { battle } = report;
  const span = useMemo(() => spanOf(report), [report]);
  const parts = useMemo(() => partsOf(battle.killmails, span), [battle, span]);
  const { left, right, others } = arrange(battle.sides);
  const sides = [left, right, ...others].filter((side) => side !== undefined);
  return (
    <>
      <TimelinePanel height={400} />
      <Running battle={battle} />
      <div className="mt-3 flex flex-col gap-3">
        {parts.map((part) => (
          <section
            aria-label={`From ${clock(part.from)}`}
            className="panel overflow-hidden [contain-intrinsic-size:auto_240px] [content-visibility:auto]"
            key={part.from}
          >
            <h2 className="flex gap-3 border-b border-line px-3.5 py-1.5 text-sec">
              <span className="font-[600]">
                {clock(part.from)} to {clock(part.to)}
              </span>
              <span className="text-t2">{part.mails.length === 1 ? "1 loss" : `${part.mails.length} losses`}</span>
            </h2>
            <div className="grid grid-cols-2 gap-px bg-line max-md:grid-cols-1">
              {sides.map((side) => {
                const lost = part.mails.filter((mail) => mail.sideId === side.sideId);
                if (lost.length === 0 && others.includes(side)) return null;
                return (
                  <div className="bg-s1" key={side.sideId}>
                    <h3 className="flex h-8 items-center gap-2 px-3.5 text-sec text-t2">
                      <SideKey role={side.role} sideId={side.sideId} size={16} />
                      <span className="truncate">{sideName(side)}</span>
                      <span className="ml-auto">
                        {lost.length ? `${shortIsk(sumIsk(lost.map((mail) => mail.iskValue)))} lost` : "no loss"}
                      </span>
                    </h3>
                    <ul>
                      {mostExpensive(lost).map((mail) => (
                        <li className="border-t border-hair" key={mail.killmailId}>
                          <LossRow mail={mail} />
                        </li>
                      ))}
                    </ul>
                    {lost.length > MOST_EXPENSIVE && (
                      <p className="border-t border-hair px-3.5 py-1.5 text-sec text-t3">
                        {lost.length - MOST_EXPENSIVE} more
                      </p>
                    )}
                  </div>
                );
              })}
            </div>
          </section>
        ))}
      </div>
    </>
  );
}

/** Below the losses of each moment: what had come together until then. */
function Running({ battle }: { battle: BattleBattleDetail }) {
  const lost = useMemo(() => lostLines(battle), [battle]);
  const seen = useMemo(() => seenLines(battle), [battle]);
  const start = instant(battle.startTime);
  const end = Math.max(instant(battle.endTime), start + 1000);
  return (
    <>
      <RunningLines
        end={end}
        lines={lost}
        show={(isk) => shortIsk(Math.round(isk).toString())}
        start={start}
        title="ISK lost so far"
      />
      <RunningLines
        end={end}
        lines={seen}
        show={(pilots) => count(Math.round(pilots))}
        start={start}
        title="Pilots seen so far"
      />
    </>
  );
}

function mostExpensive(mails: readonly BattleKillmailItem[]): BattleKillmailItem[] {
  return [...mails].sort((a, b) => iskNumber(b.iskValue) - iskNumber(a.iskValue)).slice(0, MOST_EXPENSIVE);
}

type Part = { from: number; to: number; mails: BattleKillmailItem[] };

/** Parts of at least five minutes, at most about twelve; those without a loss are left out. */
export function partsOf(mails: readonly BattleKillmailItem[], span: { from: number; to: number } | undefined): Part[] {
  const shown = mails.filter(
    (mail) => !span || (instant(mail.occurredAt) >= span.from && instant(mail.occurredAt) < span.to),
  );
  const times = shown.map((mail) => instant(mail.occurredAt));
  const first = Math.min(...times);
  const last = Math.max(...times);
  const minutes = [1, 5, 15, 60, 180].find((size) => (last - first) / (size * MINUTE) <= 12) ?? 720;
  const size = minutes * MINUTE;
  const parts = new Map<number, BattleKillmailItem[]>();
  for (const mail of shown) {
    const from = Math.floor(instant(mail.occurredAt) / size) * size;
    parts.set(from, [...(parts.get(from) ?? []), mail]);
  }
  return [...parts].sort((a, b) => a[0] - b[0]).map(([from, inPart]) => ({ from, to: from + size, mails: inPart }));
}
