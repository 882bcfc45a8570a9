import { useMemo, useState } from "react";
import type { HullClass, SideItem, SideShip } from "@/api/client";
import { hullLabel, hullOrder } from "@/lib/hulls";
import { count, shortIsk } from "@/lib/isk";
import { nameOf } from "@/lib/names";
import { arrange } from "@/lib/sides";
import { Seg } from "@/ui/controls";
import { HullGlyph } from "@/ui/HullGlyph";
import { SideKey, sideClass } from "@/ui/marks";
import { ScrollX } from "@/ui/ScrollX";
import { Empty } from "@/ui/states";
import { useReport } from "../model/context";
import { sideName } from "../model/losses";
import { hullTotals } from "./SideColumn";

type Line = { key: string; label: string; hull: HullClass | null; seen: number; lost: number; iskLost: string };
type By = "class" | "hull";

const DOCTRINE_SHARE = 0.05;

/** The names of the classes, and what a side needs beside them on a phone. */
const MIDDLE = 96;
const LEAST_SIDE = 76;

/** What each side flew and lost: mirrored around the names of the classes. */
export function CompositionTab() {
  const { battle } = useReport();
  const [by, setBy] = useState<By>("class");
  const { left, right, others } = arrange(battle.sides);
  const sides = [left, ...others, right].filter((side) => side !== undefined);
  const lines = useMemo(() => new Map(battle.sides.map((side) => [side.sideId, linesOf(side, by)])), [battle, by]);
  const keys = useMemo(() => orderOf([...lines.values()].flat()), [lines]);
  const most = Math.max(1, ...[...lines.values()].flat().map((line) => Math.max(line.seen, line.lost)));
  if (keys.length === 0) return <Empty>No ship was seen on these killmails.</Empty>;
  const cell = (side: SideItem, key: string, mirrored: boolean) => (
    <Cell
      key={side.sideId}
      line={lines.get(side.sideId)?.find((line) => line.key === key)}
      mirrored={mirrored}
      most={most}
      sideId={side.sideId}
    />
  );
  const middle = [...(right ? [right] : []), ...others];
  return (
    <>
      <div className="mb-2 flex flex-wrap items-center gap-3">
        <Seg
          label="Grouping"
          onChange={setBy}
          options={[
            { value: "class", label: "by class" },
            { value: "hull", label: "by hull" },
          ]}
          value={by}
        />
        <span className="text-sec text-t2">
          lost of seen, and the ISK lost. Logistics and boosters appear only where a killmail shows them.
        </span>
      </div>
      <ScrollX className="panel" label="Ships by side">
        <table
          className="w-full max-md:table-fixed md:min-w-160"
          style={{ minWidth: MIDDLE + sides.length * LEAST_SIDE }}
        >
          <caption className="sr">Ships lost and seen by {by} and side</caption>
          <thead>
            <tr className="border-b border-line text-sec">
              {left && <SideHead mirrored side={left} />}
              <th className="w-44 px-3 py-2 text-center font-[400] text-t3 max-md:w-24 max-md:px-0" scope="col">
                {by === "class" ? "Class" : "Hull"}
              </th>
              {middle.map((side) => (
                <SideHead key={side.sideId} side={side} />
              ))}
            </tr>
          </thead>
          <tbody>
            {keys.map(({ key, label, hull }) => (
              <tr className="border-b border-hair last:border-0 hover:bg-s2" key={key}>
                {left && cell(left, key, true)}
                <th className="px-3 py-1 font-[400] max-md:px-0" scope="row">
                  <span className="flex items-center justify-center gap-2 text-sec max-md:text-label md:whitespace-nowrap">
                    <span className="text-t3 max-md:hidden">
                      <HullGlyph hull={hull} />
                    </span>
                    {label}
                  </span>
                </th>
                {middle.map((side) => cell(side, key, false))}
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollX>
      <dl className="mt-3 grid gap-2">
        {sides.map((side) => (
          <div className="panel flex gap-3 px-3.5 py-2 max-md:flex-col max-md:gap-1" key={side.sideId}>
            <dt className="flex w-48 shrink-0 items-center gap-2">
              <SideKey role={side.role} sideId={side.sideId} size={18} />
              <span className="truncate">{sideName(side)}</span>
            </dt>
            <dd className="text-t2">{doctrine(side)}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

function SideHead({ side, mirrored }: { side: SideItem; mirrored?: boolean }) {
  return (
    <th className="px-3 py-2 font-[400] max-md:px-2" scope="col">
      <span className={`flex items-center gap-2 max-md:flex-col ${mirrored ? "flex-row-reverse" : ""}`}>
        <SideKey role={side.role} sideId={side.sideId} size={18} />
        <span className="truncate font-[600] max-md:wrap-anywhere max-md:whitespace-normal" dir="auto">
          {sideName(side)}
        </span>
      </span>
    </th>
  );
}

function Cell({
  line,
  sideId,
  mirrored,
  most,
}: {
  line: Line | undefined;
  sideId: number;
  mirrored: boolean;
  most: number;
}) {
  if (!line) return <td className={`px-3 py-1 text-t3 max-md:px-2 ${mirrored ? "text-right" : ""}`}>–</td>;
  const width = (value: number) => ({ width: `${(100 * value) / most}%` });
  const end = mirrored ? "right-0" : "left-0";
  return (
    <td className={`${sideClass(sideId)} px-3 py-1 max-md:px-2`}>
      <span
        className={`flex items-center gap-3 max-md:flex-wrap max-md:justify-between max-md:gap-x-1 max-md:gap-y-0.5 ${mirrored ? "flex-row-reverse" : ""}`}
      >
        {/* On a phone the bar stands below its figures. */}
        <span
          aria-hidden="true"
          className="relative h-3 min-w-16 flex-1 max-md:order-last max-md:h-1.5 max-md:basis-full"
        >
          <span
            className={`side-tint absolute inset-y-0 ${end} rounded-[2px]`}
            style={width(Math.max(line.seen, line.lost))}
          />
          <span className={`side-fill absolute inset-y-0 ${end} rounded-[2px]`} style={width(line.lost)} />
        </span>
        <span className="w-20 text-right max-md:w-auto">
          <strong className="font-[600]">{count(line.lost)}</strong>
          <span className="text-t3"> / {line.seen ? count(line.seen) : "–"}</span>
        </span>
        <span className="w-14 text-right text-t2 max-md:w-auto max-md:text-sec">
          {line.lost ? shortIsk(line.iskLost) : "–"}
        </span>
      </span>
    </td>
  );
}

function linesOf(side: SideItem, by: By): Line[] {
  if (by === "class")
    return hullTotals(side).map((total) => ({ ...total, key: total.hull ?? "unknown", label: hullLabel(total.hull) }));
  return side.ships.map((ship) => ({
    key: ship.shipTypeId,
    label: shipLabel(ship),
    hull: ship.hullClass,
    seen: ship.seen,
    lost: ship.lost,
    iskLost: ship.iskLost,
  }));
}

function shipLabel(ship: SideShip): string {
  return nameOf(ship.shipTypeName, "Ship", ship.shipTypeId);
}

/** Each line once, heaviest class first, then the most seen. */
function orderOf(lines: readonly Line[]): Line[] {
  const known = new Map<string, Line>();
  for (const line of lines) {
    const before = known.get(line.key);
    known.set(line.key, before ? { ...before, seen: before.seen + line.seen } : line);
  }
  return [...known.values()].sort((a, b) => hullOrder(a.hull) - hullOrder(b.hull) || b.seen - a.seen);
}

/** "96 Zealot, 74 Apocalypse Navy Issue": what at least one in twenty flew. */
function doctrine(side: SideItem): string {
  const seen = side.ships.reduce((sum, ship) => sum + ship.seen, 0);
  const most = side.ships
    .filter((ship) => ship.hullClass !== "capsule" && ship.seen >= Math.max(1, seen * DOCTRINE_SHARE))
    .sort((a, b) => b.seen - a.seen)
    .slice(0, 8);
  return most.map((ship) => `${count(ship.seen)} ${shipLabel(ship)}`).join(", ") || "No hull stands out.";
}
