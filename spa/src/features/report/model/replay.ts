import type { BattleBattleDetail, BattleKillmailItem, HullClass } from "@/api/client";
import { hullOrder } from "@/lib/hulls";
import { centsOf, iskOfCents } from "@/lib/isk-sum";
import { instant } from "@/lib/time";
import { inTimeOrder } from "./losses";

/** The ships of one class that were seen; `times` are those of the losses, in their order. Capsules are no ships. */
type FleetRow = { hull: HullClass | null; seen: number; times: readonly number[] };
export type Fleet = readonly FleetRow[];

/** Every ship that the killmails show, by side and class, the heaviest class first. */
export function fleetsOf(battle: BattleBattleDetail): Map<number, Fleet> {
  return new Map(
    battle.sides.map((side) => {
      const rows = new Map<HullClass | null, { seen: number; times: number[] }>();
      const rowOf = (hull: HullClass | null) => {
        const row = rows.get(hull) ?? { seen: 0, times: [] };
        rows.set(hull, row);
        return row;
      };
      for (const mail of battle.killmails) {
        if (mail.sideId === side.sideId && mail.hullClass !== "capsule")
          rowOf(mail.hullClass).times.push(instant(mail.occurredAt));
      }
      for (const ship of side.ships) {
        if (ship.hullClass !== "capsule") rowOf(ship.hullClass).seen += ship.seen;
      }
      const fleet = [...rows].map(([hull, { seen, times }]) => ({
        hull,
        // A ship may be lost that no killmail shows as seen.
        seen: Math.max(seen, times.length),
        times: times.sort((a, b) => a - b),
      }));
      return [side.sideId, fleet.sort((a, b) => hullOrder(a.hull) - hullOrder(b.hull))] as const;
    }),
  );
}

/** Losses in time with running totals, so that what is true at a moment is one search. */
export type LossLine = { times: readonly number[]; ships: readonly number[]; isk: readonly string[] };

export function lossLine(mails: readonly BattleKillmailItem[]): LossLine {
  const inTime = inTimeOrder(mails);
  const ships = [0];
  const isk = [iskOfCents(0n)];
  let cents = 0n;
  for (const mail of inTime) {
    cents += centsOf(mail.iskValue);
    isk.push(iskOfCents(cents));
    ships.push((ships.at(-1) ?? 0) + (mail.hullClass === "capsule" ? 0 : 1));
  }
  return { times: inTime.map((mail) => instant(mail.occurredAt)), ships, isk };
}

/** How many of the sorted times are not after the moment. */
export function countUntil(times: readonly number[], at: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}
