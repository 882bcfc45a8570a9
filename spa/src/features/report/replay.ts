import type { BattleBattleDetail, HullClass } from "@/api/client";
import { hullOrder } from "@/lib/hulls";
import { instant } from "@/lib/time";

/** The ships of one class: the time of the loss of each, none if it was not lost. Capsules are no ships. */
type FleetRow = { hull: HullClass | null; ships: (number | undefined)[] };
export type Fleet = FleetRow[];

/** Every ship that the killmails show, by side and class, the lost ones first in the order of their losses. */
export function fleetsOf(battle: BattleBattleDetail): Map<number, Fleet> {
  return new Map(
    battle.sides.map((side) => {
      const rows = new Map<HullClass | null, (number | undefined)[]>();
      for (const mail of battle.killmails) {
        if (mail.sideId !== side.sideId || mail.hullClass === "capsule") continue;
        rows.set(mail.hullClass, [...(rows.get(mail.hullClass) ?? []), instant(mail.occurredAt)]);
      }
      for (const [hull, seen] of seenOf(side.ships)) {
        if (hull === "capsule") continue;
        const lost = rows.get(hull) ?? [];
        rows.set(hull, [...lost, ...Array.from({ length: Math.max(0, seen - lost.length) }, () => undefined)]);
      }
      const fleet = [...rows].map(([hull, ships]) => ({
        hull,
        ships: ships.sort((a, b) => (a ?? Infinity) - (b ?? Infinity)),
      }));
      return [side.sideId, fleet.sort((a, b) => hullOrder(a.hull) - hullOrder(b.hull))] as const;
    }),
  );
}

function seenOf(ships: readonly { hullClass: HullClass | null; seen: number }[]): Map<HullClass | null, number> {
  const seen = new Map<HullClass | null, number>();
  for (const ship of ships) seen.set(ship.hullClass, (seen.get(ship.hullClass) ?? 0) + ship.seen);
  return seen;
}
