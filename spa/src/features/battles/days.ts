/** Where the rows of a list stand that is divided into days; all rows have one height. */

import type { BattleItem } from "@/api/client";
import { day } from "@/lib/time";

/** `first`: which row of the whole list its first one is. */
export type Day = { date: string; first: number; battles: readonly BattleItem[] };

const dates = new WeakMap<BattleItem, string>();

/** The days of all rows are asked for with each page that comes. */
function dateOf(battle: BattleItem): string {
  const date = dates.get(battle) ?? day(battle.startTime);
  dates.set(battle, date);
  return date;
}

/** Battles in their order, by day of EVE time. */
export function groupByDay(battles: readonly BattleItem[]): Day[] {
  const days: (Day & { battles: BattleItem[] })[] = [];
  battles.forEach((battle, first) => {
    const date = dateOf(battle);
    const last = days.at(-1);
    if (last?.date === date) last.battles.push(battle);
    else days.push({ date, first, battles: [battle] });
  });
  return days;
}

export type Heights = { head: number; row: number };

/** How far the top of a day is from the top of the list. */
export function topOf(days: readonly Day[], index: number, { head, row }: Heights): number {
  return index * head + (days[index]?.first ?? 0) * row;
}

/** How far a row is from the top of the list. */
export function rowTop(days: readonly Day[], row: number, heights: Heights): number {
  const index = days.findLastIndex((group) => group.first <= row);
  return (index + 1) * heights.head + row * heights.row;
}
