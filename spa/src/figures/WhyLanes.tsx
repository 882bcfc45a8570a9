import { memo, useMemo, useRef } from "react";
import type { LinkItem } from "@/api/client";
import { linear, type Scale, sqrt, timeTicks } from "@/lib/scale";
import { clock, clockSeconds } from "@/lib/time";
import { useLatest } from "@/lib/useLatest";
import { sideClass } from "@/ui/marks";
import type { Loss } from "./buckets";
import { useWidth } from "./useWidth";

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

/** Above the lanes: what the cuts say. */
const TOP = 14;
/** `middle` is where the line of a lane is in it; the largest dot at the widest spread stays inside its lane. */
const WIDE = { left: 110, lane: 92, middle: 46, name: 50, radius: 13 };
/** On a phone the name of a lane stands above its dots. */
const PHONE = { left: 10, lane: 104, middle: 58, name: 12, radius: 9 };
const PHONE_WIDTH = 560;
/** What the panel of a narrow phone has. */
const LEAST_WIDTH = 300;
const LEAST_SPREAD = 6;
const SPREAD = 27;
/** Links that say more than "the same people a moment later". */
const USUAL = "text-t3";
const SPECIAL: Record<string, string> = {
  moved: "text-kill",
  "round-two": "text-link",
  "same-target": "text-gold",
  tagged: "text-warn",
};

/** Time goes to the right, each system has a lane; the first side's losses stand above its line, all others below. */
export function WhyLanes({ start, end, lanes, dots, links, cuts = [], onOpen }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const room = useWidth(box);
  const width = Math.max(LEAST_WIDTH, room);
  const size = width < PHONE_WIDTH ? PHONE : WIDE;
  const height = TOP + lanes.length * size.lane + 24;
  const x = useMemo(
    () => linear([start, Math.max(end, start + 1000)], [size.left, width - 12]),
    [start, end, size, width],
  );
  const placed = useMemo(() => place(dots, lanes, x, size), [dots, lanes, x, size]);
  const open = useLatest(onOpen);
  return (
    <div className="overflow-x-auto" ref={box} style={{ minHeight: height }}>
      {room > 0 && (
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
            <g key={lane.id} transform={`translate(0 ${TOP + index * size.lane})`}>
              <line className="stroke-line2" x1={size.left} x2={width - 12} y1={size.middle} y2={size.middle} />
              <text className="fill-t1 text-sec font-[550]" x="0" y={size.name}>
                {lane.name}
              </text>
            </g>
          ))}
          <Links links={links} placed={placed} />
          <Dots onOpen={open} placed={placed} />
          {cuts.map((cut) => (
            <g className="text-warn" key={cut}>
              <line stroke="currentColor" strokeDasharray="4 4" x1={x(cut)} x2={x(cut)} y1="0" y2={height - 20} />
              <text className="text-label" fill="currentColor" x={x(cut) + 4} y="10">
                two fights?
              </text>
            </g>
          ))}
        </svg>
      )}
    </div>
  );
}

type Placed = ReadonlyMap<string, { dot: Dot; x: number; y: number; r: number }>;

function place(dots: readonly Dot[], lanes: Props["lanes"], x: Scale, size: typeof WIDE): Placed {
  const radius = sqrt(Math.max(1, ...dots.map((dot) => dot.isk)), size.radius);
  const order = new Map(lanes.map((lane, index) => [lane.id, index]));
  return new Map(
    dots.map((dot) => {
      const lane = order.get(dot.systemId) ?? 0;
      const spread = LEAST_SPREAD + (Number(dot.killmailId.slice(-4)) % SPREAD);
      const y = TOP + lane * size.lane + size.middle + (dot.sideId === 1 ? -spread : spread);
      return [dot.killmailId, { dot, x: x(dot.at), y, r: Math.max(2, radius(dot.isk)) }] as const;
    }),
  );
}

/** One path for all links of a colour: a thousand killmails have as many links. */
const Links = memo(function Links({ links, placed }: { links: readonly LinkItem[]; placed: Placed }) {
  const paths = new Map<string, string>();
  for (const link of links) {
    const from = placed.get(link.fromKillmailId);
    const to = placed.get(link.toKillmailId);
    if (!from || !to) continue;
    const colour = SPECIAL[link.reason] ?? USUAL;
    paths.set(colour, (paths.get(colour) ?? "") + curve(from.x, from.y, to.x, to.y, link.reason === "round-two"));
  }
  // What says more is drawn over the rest.
  const drawn = [...paths].sort(([a], [b]) => Number(b === USUAL) - Number(a === USUAL));
  return drawn.map(([colour, path]) => (
    <path
      className={colour}
      d={path}
      fill="none"
      key={colour}
      opacity={colour === USUAL ? 0.4 : 0.9}
      stroke="currentColor"
      strokeWidth={colour === USUAL ? 0.8 : 1.6}
    />
  ));
});

/** Drawn again only with other losses, not with the killmail that is open. */
const Dots = memo(function Dots({ placed, onOpen }: { placed: Placed; onOpen: (killmailId: string) => void }) {
  return [...placed.values()].map(({ dot, x, y, r }) => (
    // biome-ignore lint/a11y/noStaticElementInteractions: the list of kills has every dot as a row.
    <circle
      className={`${sideClass(dot.sideId)} side-text cursor-pointer`}
      cx={x}
      cy={y}
      fill="currentColor"
      key={dot.killmailId}
      onClick={() => onOpen(dot.killmailId)}
      opacity="0.85"
      r={r}
    >
      <title>{`${dot.ship} of ${dot.victim}, ${clockSeconds(dot.at)}`}</title>
    </circle>
  ));
});

function curve(x1: number, y1: number, x2: number, y2: number, arch: boolean): string {
  const [a, b, c, d] = [x1, y1, x2, y2].map((value) => value.toFixed(1));
  if (arch) return `M${a} ${b}Q${(x1 + x2) / 2} ${Math.min(y1, y2) - 70} ${c} ${d}`;
  if (Math.abs(y1 - y2) < WIDE.lane / 1.5) return `M${a} ${b}L${c} ${d}`;
  const middle = (y1 + y2) / 2;
  return `M${a} ${b}C${x1 + 14} ${middle} ${x2 - 14} ${middle} ${c} ${d}`;
}
