import { useMemo, useRef, useState } from "react";
import type { PartyEdge, PartyNode } from "@/api/client";
import { count } from "@/lib/isk";
import { partyKey, partyName } from "@/lib/names";
import { Emblem } from "@/ui/Emblem";
import { sideClass } from "@/ui/marks";
import { useWidth } from "./useWidth";

const ROW = 54;
const MOST = 9;
const WEAK = 0.02;
/** Labels stand beyond the curves of a column. */
const GAP = 46;
const LABEL = 230;
const NARROW = 560;

type Placed = { node: PartyNode; index: number; column: 0 | 1 | 2; x: number; y: number; r: number; room: number };

/** The parties of each side in a column, third parties and the unassigned between them; red: shot each other. */
export function PartyGraph({
  nodes,
  edges,
  left,
  right,
}: {
  nodes: readonly PartyNode[];
  edges: readonly PartyEdge[];
  left: number | undefined;
  right: number | undefined;
}) {
  const box = useRef<HTMLDivElement>(null);
  const width = Math.max(300, useWidth(box));
  const [chosen, setChosen] = useState<number>();
  const placed = useMemo(() => place(nodes, width, left, right), [nodes, width, left, right]);
  const byIndex = useMemo(() => new Map(placed.map((one) => [one.index, one])), [placed]);
  const height =
    Math.max(2, ...[0, 1, 2].map((column) => placed.filter((one) => one.column === column).length)) * ROW + 12;
  const most = Math.max(1, ...edges.map((edge) => Math.max(edge.hostileKillmails, edge.jointKillmails)));
  const drawn = edges.filter((edge) => Math.max(edge.hostileKillmails, edge.jointKillmails) >= most * WEAK);
  return (
    <div className="relative" ref={box} style={{ height }}>
      <svg aria-hidden="true" className="absolute inset-0" height={height} width={width}>
        {drawn.map((edge) => {
          const a = byIndex.get(edge.a);
          const b = byIndex.get(edge.b);
          if (!a || !b) return null;
          const hostile = edge.hostileKillmails >= edge.jointKillmails;
          const strength = Math.max(edge.hostileKillmails, edge.jointKillmails) / most;
          const hidden = chosen !== undefined && chosen !== edge.a && chosen !== edge.b;
          return (
            <path
              className={hostile ? "text-loss" : `${sideClass(a.node.sideId)} side-text`}
              d={hostile ? `M${a.x} ${a.y}L${b.x} ${b.y}` : bow(a, b)}
              fill="none"
              key={`${edge.a}-${edge.b}`}
              opacity={hidden ? 0.05 : 0.25 + 0.6 * strength}
              stroke="currentColor"
              strokeWidth={0.8 + 3 * strength}
            />
          );
        })}
      </svg>
      {placed.map((one) => (
        <Node key={partyKey(one.node)} onChoose={setChosen} placed={one} />
      ))}
    </div>
  );
}

function Node({ placed, onChoose }: { placed: Placed; onChoose: (index: number | undefined) => void }) {
  const { node, x, y, r, column, index, room } = placed;
  const dashed = node.role === "side" ? "" : "border-dashed";
  const gap = (column === 1 ? 30 : GAP) - r;
  const side = column === 0 ? { right: "100%", marginRight: gap } : { left: "100%", marginLeft: gap };
  const name = partyName(node);
  return (
    <div
      className={`${sideClass(node.sideId)} absolute`}
      onPointerEnter={() => onChoose(index)}
      onPointerLeave={() => onChoose(undefined)}
      style={{ left: x - r, top: y - r, width: 2 * r, height: 2 * r }}
    >
      <span
        className={`side-text grid size-full place-items-center overflow-hidden rounded-full border-2 border-current bg-s1 ${dashed}`}
      >
        <Emblem id={node.partyId} size={Math.round(r * 1.1)} type={node.partyType} />
      </span>
      <span
        className={`absolute top-1/2 w-max -translate-y-1/2 truncate text-sec ${column === 0 ? "text-right" : ""}`}
        dir="auto"
        style={{ ...side, maxWidth: room }}
        title={`${name}, ${node.pilots} pilots`}
      >
        {room < 100 ? (node.ticker ?? name) : name}
        <span className="block text-label text-t3">
          {count(node.pilots)}
          {room >= 100 && (node.pilots === 1 ? " pilot" : " pilots")}
        </span>
      </span>
    </div>
  );
}

/** The largest parties of each column, from above. */
function place(
  nodes: readonly PartyNode[],
  width: number,
  left: number | undefined,
  right: number | undefined,
): Placed[] {
  const most = Math.max(1, ...nodes.map((node) => node.pilots));
  const edge = Math.min(LABEL, width * 0.3);
  const columns = [edge, width / 2, width - edge] as const;
  const room = width < NARROW ? edge - GAP : LABEL - GAP;
  const ranked = nodes
    .map((node, index) => ({ node, index, column: node.sideId === left ? 0 : node.sideId === right ? 2 : 1 }) as const)
    .sort((a, b) => b.node.pilots - a.node.pilots);
  return ([0, 1, 2] as const).flatMap((column) =>
    ranked
      .filter((one) => one.column === column)
      .slice(0, MOST)
      .map((one, row) => ({
        ...one,
        x: columns[column],
        y: row * ROW + ROW / 2 + 6,
        room,
        r: 10 + 15 * Math.sqrt(one.node.pilots / most),
      })),
  );
}

/** A curve on the outer side of a column. */
function bow(a: Placed, b: Placed): string {
  if (a.column !== b.column) return `M${a.x} ${a.y}L${b.x} ${b.y}`;
  const out = (a.column === 0 ? -1 : 1) * Math.min(48, 14 + Math.abs(a.y - b.y) / 5);
  return `M${a.x} ${a.y}C${a.x + out} ${a.y} ${b.x + out} ${b.y} ${b.x} ${b.y}`;
}
