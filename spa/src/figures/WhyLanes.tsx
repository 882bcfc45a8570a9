import { useEffect, useMemo, useRef, useState } from "react";
import type { LinkItem } from "@/api/client";
import { linear, sqrt, timeTicks } from "@/lib/scale";
import { clock, clockSeconds } from "@/lib/time";
import { sideClass } from "@/ui/marks";
import type { Loss } from "./buckets";

type Dot = Loss & { systemId: string };
type Props = {
  start: number;
  end: number;
  lanes: readonly { id: string; name: string }[];
  dots: readonly Dot[];
  links: readonly LinkItem[];
  /** Moments at which the rules see two fights, in milliseconds. */
  cuts?: readonly number[];
  onOpen: (killmailId: string) => void;
};

const LEFT = 110;
const LANE = 92;
const MOST_RADIUS = 13;
/** Links that say more than "the same people a moment later". */
const SPECIAL: Record<string, string> = {
  moved: "text-kill",
  "round-two": "text-link",
  "same-target": "text-gold",
  tagged: "text-warn",
};

/** Time goes to the right, each system has a lane; the first side's losses stand above its line, all others below. */
export function WhyLanes({ start, end, lanes, dots, links, cuts = [], onOpen }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(600);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setWidth(Math.max(320, element.clientWidth)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const height = lanes.length * LANE + 24;
  const x = linear([start, Math.max(end, start + 1000)], [LEFT, width - 12]);
  const placed = useMemo(() => {
    const radius = sqrt(Math.max(1, ...dots.map((dot) => dot.isk)), MOST_RADIUS);
    return new Map(
      dots.map((dot) => {
        const lane = Math.max(
          0,
          lanes.findIndex((one) => one.id === dot.systemId),
        );
        const spread = 6 + (Number(dot.killmailId.slice(-4)) % 30);
        const y = lane * LANE + LANE / 2 + (dot.sideId === 1 ? -spread : spread);
        return [dot.killmailId, { dot, y, r: Math.max(2, radius(dot.isk)) }] as const;
      }),
    );
  }, [dots, lanes]);
  return (
    <div className="overflow-x-auto" ref={box}>
      <svg className="block" height={height} width={width}>
        <title>Losses by system and time, and the links between them</title>
        {timeTicks(start, end, Math.floor(width / 120)).map((tick) => (
          <g key={tick}>
            <line className="stroke-hair" x1={x(tick)} x2={x(tick)} y1="0" y2={height - 20} />
            <text className="fill-t3 text-label" textAnchor="middle" x={x(tick)} y={height - 5}>
              {clock(tick)}
            </text>
          </g>
        ))}
        {lanes.map((lane, index) => (
          <g key={lane.id}>
            <line
              className="stroke-line2"
              x1={LEFT}
              x2={width - 12}
              y1={index * LANE + LANE / 2}
              y2={index * LANE + LANE / 2}
            />
            <text className="fill-t1 text-sec font-[550]" x="0" y={index * LANE + LANE / 2 + 4}>
              {lane.name}
            </text>
          </g>
        ))}
        {links.map((link) => {
          const from = placed.get(link.fromKillmailId);
          const to = placed.get(link.toKillmailId);
          if (!from || !to) return null;
          const special = SPECIAL[link.reason];
          return (
            <path
              className={special ?? "text-t3"}
              d={curve(x(from.dot.at), from.y, x(to.dot.at), to.y, link.reason === "round-two")}
              fill="none"
              key={`${link.fromKillmailId}-${link.toKillmailId}`}
              opacity={special ? 0.9 : 0.3}
              stroke="currentColor"
              strokeWidth={special ? 1.6 : 0.8}
            />
          );
        })}
        {[...placed.values()].map(({ dot, y, r }) => (
          // biome-ignore lint/a11y/noStaticElementInteractions: the list of kills has every dot as a row.
          <circle
            className={`${sideClass(dot.sideId)} side-text cursor-pointer`}
            cx={x(dot.at)}
            cy={y}
            fill="currentColor"
            key={dot.killmailId}
            onClick={() => onOpen(dot.killmailId)}
            opacity="0.85"
            r={r}
          >
            <title>{`${dot.ship} of ${dot.victim}, ${clockSeconds(dot.at)}`}</title>
          </circle>
        ))}
        {cuts.map((cut) => (
          <g className="text-warn" key={cut}>
            <line stroke="currentColor" strokeDasharray="4 4" x1={x(cut)} x2={x(cut)} y1="0" y2={height - 20} />
            <text className="text-label" fill="currentColor" x={x(cut) + 4} y="10">
              two fights?
            </text>
          </g>
        ))}
      </svg>
    </div>
  );
}

function curve(x1: number, y1: number, x2: number, y2: number, arch: boolean): string {
  if (arch) return `M${x1} ${y1}Q${(x1 + x2) / 2} ${Math.min(y1, y2) - 70} ${x2} ${y2}`;
  if (Math.abs(y1 - y2) < LANE / 1.5) return `M${x1} ${y1}L${x2} ${y2}`;
  const middle = (y1 + y2) / 2;
  return `M${x1} ${y1}C${x1 + 14} ${middle} ${x2 - 14} ${middle} ${x2} ${y2}`;
}
