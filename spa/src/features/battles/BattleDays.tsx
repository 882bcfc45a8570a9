import { useLayoutEffect, useMemo, useRef } from "react";
import type { BattleItem } from "@/api/client";
import { sumIsk } from "@/lib/isk-sum";
import { useIsPhone } from "@/lib/media";
import { namedDay } from "@/lib/time";
import { Isk } from "@/ui/marks";
import { useWindowRows, type WindowRows } from "@/ui/useWindowRows";
import { BattleRow, CARD, ROW, ROW_FRAME } from "./BattleRow";
import { type Day, groupByDay, type Heights, rowTop, topOf } from "./days";

const HEAD = 30;
/** Cards do not touch the day above them. */
const HEAD_OF_CARDS = 38;

type Props = {
  battles: readonly BattleItem[];
  /** By day; else one list without heads. */
  grouped: boolean;
  /** Nothing follows the last battle. */
  complete: boolean;
};

/** A list of battles of which only the rows in sight are in the document, however long it is. */
export function BattleDays({ battles, grouped, complete }: Props) {
  const isPhone = useIsPhone();
  const days = useMemo(() => (grouped ? groupByDay(battles) : [{ date: "", first: 0, battles }]), [battles, grouped]);
  const heights = useMemo(() => {
    const head = isPhone ? HEAD_OF_CARDS : HEAD;
    return { head: grouped ? head : 0, row: isPhone ? CARD : ROW };
  }, [grouped, isPhone]);
  const rows = useMemo(() => {
    // The head of a day belongs to its first row.
    const firsts = new Set(days.map((day) => day.first));
    return {
      length: battles.length,
      height: (index: number) => heights.row + (firsts.has(index) ? heights.head : 0),
      keyOf: (index: number) => battles[index]?.id ?? index,
    };
  }, [battles, days, heights]);
  const list = useWindowRows(rows);
  useAnchor(list, battles, days, heights);
  return (
    <div className="relative [overflow-anchor:none]" ref={list.box} style={{ height: list.height }}>
      {days.map((day, index) => {
        const shown = list.shown.filter((row) => row.index >= day.first && row.index < day.first + day.battles.length);
        if (shown.length === 0) return null;
        return (
          <section
            aria-label={day.date ? namedDay(day.date) : "Battles"}
            className="absolute inset-x-0"
            key={day.date}
            style={{ top: topOf(days, index, heights), height: heights.head + day.battles.length * heights.row }}
          >
            {/* The last day that is loaded may go on. */}
            {day.date && <DayHead day={day} isWhole={index < days.length - 1 || complete} />}
            <ul>
              {shown.map(({ index: row }) => {
                const battle = battles[row];
                if (!battle) return null;
                return (
                  <li
                    aria-posinset={row - day.first + 1}
                    aria-setsize={day.battles.length}
                    // Nothing in a row reaches out of it, so that one that comes or goes lays out only itself.
                    className={`${ROW_FRAME} absolute inset-x-0 [contain:strict] ${row === battles.length - 1 ? "border-0" : ""}`}
                    data-index={row}
                    key={battle.id}
                    style={{ top: heights.head + (row - day.first) * heights.row, height: heights.row }}
                  >
                    <BattleRow battle={battle} withDay={!day.date} />
                  </li>
                );
              })}
            </ul>
          </section>
        );
      })}
    </div>
  );
}

function DayHead({ day, isWhole }: { day: Day; isWhole: boolean }) {
  const lost = useMemo(() => sumIsk(day.battles.map((battle) => battle.totalIskDestroyed)), [day]);
  return (
    <h2 className="sticky top-0 z-10 flex h-[30px] items-center gap-4 border-b border-line bg-s1 px-3 text-sec max-md:bg-bg max-md:px-0">
      <span className="font-[600]">{namedDay(day.date)}</span>
      {isWhole && (
        <span className="flex gap-4 text-t2">
          <span>{day.battles.length === 1 ? "1 battle" : `${day.battles.length} battles`}</span>
          <span>
            <Isk plain value={lost} /> lost
          </span>
        </span>
      )}
    </h2>
  );
}

/** The first row in sight stays where it is when rows come or go above it: a list that is read again may have both. */
function useAnchor(list: WindowRows, battles: readonly BattleItem[], days: readonly Day[], heights: Heights): void {
  const anchor = useRef<{ id: string; top: number; battles: readonly BattleItem[] }>(undefined);
  useLayoutEffect(() => {
    const before = anchor.current;
    if (before && before.battles !== battles && list.above > 0) {
      const row = battles.findIndex((battle) => battle.id === before.id);
      const moved = row === -1 ? 0 : rowTop(days, row, heights) - before.top;
      if (moved !== 0) scrollBy({ top: moved, behavior: "instant" });
    }
    const first = list.shown.find((row) => row.top + row.height > list.above);
    const battle = first && battles[first.index];
    anchor.current = battle && { id: battle.id, top: rowTop(days, first.index, heights), battles };
  });
}
