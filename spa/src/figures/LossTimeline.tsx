import { type KeyboardEvent, type PointerEvent, useEffect, useMemo, useRef, useState } from "react";
import { isCapital } from "@/lib/hulls";
import { count, shortIsk } from "@/lib/isk";
import { bucketSeconds, linear, type Scale, sqrt, sqrtTicks, timeTicks } from "@/lib/scale";
import { clock, clockSeconds, duration } from "@/lib/time";
import { HULL_PATHS } from "@/ui/HullGlyph";
import { isHatched, sideClass } from "@/ui/marks";
import { type Bucket, bucketsOf, cutHeight, type FigureSide, type Loss, type Measure, upwards } from "./buckets";

type Pin = { at: number; text: string };
type Quiet = { from: number; to: number };
export type Span = { from: number; to: number };

type Props = {
  start: number;
  end: number;
  losses: readonly Loss[];
  sides: readonly FigureSide[];
  measure: Measure;
  pins?: readonly Pin[];
  quiet?: readonly Quiet[];
  height?: number;
  span?: Span | undefined;
  onSpan?: ((span: Span | undefined) => void) | undefined;
  onOpen?: ((bucket: Span) => void) | undefined;
  /** A moment that is marked, in milliseconds. */
  mark?: number | undefined;
};

const LEFT = 44;
const RIGHT = 14;
const LANE = 18;
const AXIS = 18;
const DRAG_PX = 5;
const LABEL = 13;

function formatAmount(value: number, measure: Measure): string {
  return measure === "isk" ? shortIsk(Math.round(value).toString()) : count(Math.round(value));
}

/** Losses over time: the first side upwards, all others downwards, capital ships in lanes, moments as pins. */
export function LossTimeline(props: Props) {
  const { start, end, losses, sides, measure, pins = [], quiet = [], height = 214 } = props;
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const inner = Math.max(120, width - LEFT - RIGHT);
  const seconds = bucketSeconds((end - start) / 1000, inner);
  const buckets = useMemo(
    () => bucketsOf(losses, start, end, seconds, measure),
    [losses, start, end, seconds, measure],
  );
  const up = upwards(sides);
  const x = useMemo(
    () => linear([start, Math.max(end, start + seconds * 1000)], [LEFT, LEFT + inner]),
    [start, end, seconds, inner],
  );
  const rows = useMemo(() => placePins(pins, x, LEFT + inner), [pins, x, inner]);
  const pinSpace = rows.length ? (rows.some((row) => row.row === 1) ? 38 : 22) : 4;
  const geometry = useGeometry(buckets, up, pinSpace, height);
  const [cursor, setCursor] = useState<number>();
  const [drag, setDrag] = useState<Span>();

  const bucketAt = (clientX: number): number => {
    const left = box.current?.getBoundingClientRect().left ?? 0;
    const part = (clientX - left - LEFT) / inner;
    return Math.min(buckets.length - 1, Math.max(0, Math.floor((part * (end - start)) / (seconds * 1000))));
  };
  const dragStart = useRef<number>(undefined);
  const onPointerDown = (event: PointerEvent) => {
    dragStart.current = event.clientX;
    if (props.onSpan) event.currentTarget.setPointerCapture(event.pointerId);
  };
  const onPointerMove = (event: PointerEvent) => {
    setCursor(bucketAt(event.clientX));
    const from = dragStart.current;
    if (props.onSpan && from !== undefined && Math.abs(event.clientX - from) > DRAG_PX) {
      setDrag(spanOf(buckets, bucketAt(from), bucketAt(event.clientX)));
    }
  };
  const onPointerUp = (event: PointerEvent) => {
    const bucket = buckets[bucketAt(event.clientX)];
    if (drag) props.onSpan?.(drag);
    else if (dragStart.current !== undefined && bucket && bucket.losses > 0) props.onOpen?.(bucket);
    dragStart.current = undefined;
    setDrag(undefined);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const at = cursor ?? 0;
    const step = event.shiftKey ? 10 : 1;
    const next = { ArrowLeft: at - step, ArrowRight: at + step, Home: 0, End: buckets.length - 1 }[event.key];
    if (next !== undefined) setCursor(Math.min(buckets.length - 1, Math.max(0, next)));
    else if (event.key === "Enter" && buckets[at]) props.onOpen?.(buckets[at]);
    else if (event.key === "Escape" && props.span) props.onSpan?.(undefined);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const current = cursor === undefined ? undefined : buckets[cursor];
  const shownSpan = drag ?? props.span;
  return (
    <div className="relative" ref={box}>
      <div
        aria-label="Losses over time"
        aria-valuemax={buckets.length - 1}
        aria-valuemin={0}
        aria-valuenow={cursor ?? 0}
        aria-valuetext={readout(buckets[cursor ?? 0], sides, measure)}
        className="touch-pan-y select-none"
        onKeyDown={onKeyDown}
        onPointerDown={onPointerDown}
        onPointerLeave={() => dragStart.current === undefined && setCursor(undefined)}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerUp}
        role="slider"
        tabIndex={0}
      >
        <svg aria-hidden="true" className="block" height={height} width={Math.max(width, 1)}>
          <Hatches sides={sides} />
          {quiet.map((band) => (
            <QuietBand band={band} geometry={geometry} key={band.from} x={x} />
          ))}
          <Grid geometry={geometry} measure={measure} right={LEFT + inner} />
          {timeTicks(start, end, Math.max(2, Math.floor(inner / 110))).map((tick) => (
            <text className="fill-t3 text-label" key={tick} textAnchor="middle" x={x(tick)} y={height - 4}>
              {clock(tick)}
            </text>
          ))}
          {shownSpan && (
            <rect
              className="fill-t1 opacity-10"
              height={geometry.bottom - geometry.top}
              width={Math.max(2, x(shownSpan.to) - x(shownSpan.from))}
              x={x(shownSpan.from)}
              y={geometry.top}
            />
          )}
          <Bars buckets={buckets} geometry={geometry} measure={measure} sides={sides} up={up} x={x} />
          <CapitalLanes geometry={geometry} losses={losses} up={up} x={x} />
          <line className="stroke-line2" x1={LEFT} x2={LEFT + inner} y1={geometry.axis} y2={geometry.axis} />
          {rows.map((pin) => (
            <PinMark geometry={geometry} key={`${pin.at}-${pin.text}`} pin={pin} />
          ))}
          {props.mark !== undefined && (
            <line
              className="stroke-t1"
              strokeWidth="2"
              x1={x(props.mark)}
              x2={x(props.mark)}
              y1={geometry.top - 8}
              y2={geometry.bottom + 8}
            />
          )}
          {current && (
            <line
              className="stroke-t1"
              x1={middle(current, x)}
              x2={middle(current, x)}
              y1={geometry.top}
              y2={geometry.bottom}
            />
          )}
        </svg>
      </div>
      {current && <Readout bucket={current} left={middle(current, x)} measure={measure} sides={sides} width={width} />}
    </div>
  );
}

/** The same numbers as rows, for those who do not see the figure. */
export function LossTable({ start, end, losses, sides, measure, seconds }: Omit<Props, "pins"> & { seconds: number }) {
  const buckets = bucketsOf(losses, start, end, seconds, measure).filter((bucket) => bucket.losses > 0);
  return (
    <table className="w-full text-sec">
      <caption className="sr">Losses in parts of {duration(seconds)}</caption>
      <thead>
        <tr className="border-b border-line text-left text-t3">
          <th className="px-3 py-1 font-[400]" scope="col">
            From
          </th>
          {sides.map((side) => (
            <th className="px-3 py-1 text-right font-[400]" key={String(side.sideId)} scope="col">
              {side.name}
            </th>
          ))}
          <th className="px-3 py-1 text-right font-[400]" scope="col">
            Killmails
          </th>
        </tr>
      </thead>
      <tbody>
        {buckets.map((bucket) => (
          <tr className="border-b border-hair" key={bucket.from}>
            <th className="px-3 py-1 text-left font-[400]" scope="row">
              {clockSeconds(bucket.from)}
            </th>
            {sides.map((side) => (
              <td className="px-3 py-1 text-right" key={String(side.sideId)}>
                {formatAmount(bucket.bySide.get(side.sideId) ?? 0, measure)}
              </td>
            ))}
            <td className="px-3 py-1 text-right">{bucket.losses}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function useWidth(box: React.RefObject<HTMLDivElement | null>): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    setWidth(element.clientWidth);
    return () => observer.disconnect();
  }, [box]);
  return width;
}

type Geometry = {
  top: number;
  bottom: number;
  axis: number;
  laneUp: number;
  laneDown: number;
  scale: Scale;
  cut: number;
};

/** Both directions have one scale, so that heights can be compared; the axis stands where both fit. */
function useGeometry(
  buckets: readonly Bucket[],
  up: number | null | undefined,
  pinSpace: number,
  height: number,
): Geometry {
  return useMemo(() => {
    const ups = buckets.map((bucket) => (up === undefined ? 0 : (bucket.bySide.get(up) ?? 0)));
    const downs = buckets.map((bucket, index) => total(bucket) - (ups[index] ?? 0));
    const cut = cutHeight([...ups, ...downs]);
    const highest = Math.min(cut, Math.max(0, ...ups));
    const lowest = Math.min(cut, Math.max(0, ...downs));
    const top = pinSpace + LANE;
    const bottom = height - AXIS - LANE;
    const roots = Math.sqrt(highest) + Math.sqrt(lowest) || 1;
    const axis = top + ((bottom - top) * Math.sqrt(highest)) / roots;
    const unit = Math.min((axis - top) / (Math.sqrt(highest) || 1e-9), (bottom - axis) / (Math.sqrt(lowest) || 1e-9));
    const scale = sqrt(cut, Math.sqrt(cut) * unit);
    return { top, bottom, axis, laneUp: pinSpace + LANE / 2, laneDown: bottom + LANE / 2, scale, cut };
  }, [buckets, up, pinSpace, height]);
}

function total(bucket: Bucket): number {
  let sum = 0;
  for (const value of bucket.bySide.values()) sum += value;
  return sum;
}

function middle(bucket: Bucket, x: Scale): number {
  return (x(bucket.from) + x(bucket.to)) / 2;
}

function spanOf(buckets: readonly Bucket[], a: number, b: number): Span | undefined {
  const first = buckets[Math.min(a, b)];
  const last = buckets[Math.max(a, b)];
  return first && last && { from: first.from, to: last.to };
}

function Hatches({ sides }: { sides: readonly FigureSide[] }) {
  return (
    <defs>
      {sides.map(({ sideId }) => (
        <pattern
          className={`${sideClass(sideId)} side-text`}
          height="5"
          id={`hatch-${sideId}`}
          key={String(sideId)}
          patternTransform="rotate(45)"
          patternUnits="userSpaceOnUse"
          width="5"
        >
          <rect fill="currentColor" height="5" opacity="0.25" width="5" />
          <rect fill="currentColor" height="5" width="3" />
        </pattern>
      ))}
    </defs>
  );
}

type BarsProps = {
  buckets: readonly Bucket[];
  sides: readonly FigureSide[];
  up: number | null | undefined;
  geometry: Geometry;
  x: Scale;
  measure: Measure;
};

function Bars({ buckets, sides, up, geometry, x, measure }: BarsProps) {
  const order = [...sides].sort((a, b) => Number(a.sideId === null) - Number(b.sideId === null));
  return buckets.flatMap((bucket) => {
    const left = x(bucket.from);
    const width = Math.max(1, x(bucket.to) - left - 1);
    let down = 0;
    return order.flatMap(({ sideId, role }) => {
      const value = bucket.bySide.get(sideId) ?? 0;
      if (value <= 0) return [];
      const isUp = sideId === up;
      const from = isUp ? 0 : down;
      if (!isUp) down += value;
      const start = geometry.scale(Math.min(from, geometry.cut));
      const length = Math.max(1.5, geometry.scale(Math.min(from + value, geometry.cut)) - start);
      const y = isUp ? geometry.axis - start - length : geometry.axis + start;
      const isCut = from + value > geometry.cut * 1.001;
      const fill = isHatched(sideId, role) ? `url(#hatch-${sideId})` : "currentColor";
      return [
        <g className={`${sideClass(sideId)} side-text`} key={`${bucket.from}-${sideId}`}>
          <rect fill={fill} height={length} width={width} x={left} y={y} />
          {isCut && (
            <Break
              amount={formatAmount(value, measure)}
              isUp={isUp}
              left={left}
              width={width}
              y={isUp ? y : y + length}
            />
          )}
        </g>,
      ];
    });
  });
}

/** A bar that goes on beyond the figure, with its number. */
function Break({
  left,
  width,
  y,
  isUp,
  amount,
}: {
  left: number;
  width: number;
  y: number;
  isUp: boolean;
  amount: string;
}) {
  const at = isUp ? y + 8 : y - 8;
  return (
    <>
      <path className="stroke-s1" d={`M${left - 2} ${at + 3}L${left + width + 2} ${at - 3}`} strokeWidth="3" />
      <text className="fill-t1 text-label font-[600]" textAnchor="end" x={left - 3} y={isUp ? y + 10 : y - 1}>
        {amount}
      </text>
    </>
  );
}

function Grid({ geometry, measure, right }: { geometry: Geometry; measure: Measure; right: number }) {
  const { axis, top, bottom, scale, cut } = geometry;
  const ticks = sqrtTicks(cut).map((value) => ({ value, distance: scale(value) }));
  // Labels have a line's distance from each other and from the axis.
  const apart = ticks.filter(({ distance }, index) => distance - (ticks[index - 1]?.distance ?? 0) >= LABEL);
  return apart.flatMap(({ value, distance }) =>
    [axis - distance, axis + distance]
      .filter((y) => y >= top - 1 && y <= bottom + 1)
      .map((y) => (
        <g key={`${value}-${y}`}>
          <line className="stroke-hair" x1={LEFT} x2={right} y1={y} y2={y} />
          <text className="fill-t3 text-label" textAnchor="end" x={LEFT - 8} y={y + 4}>
            {formatAmount(value, measure)}
          </text>
        </g>
      )),
  );
}

function QuietBand({ band, geometry, x }: { band: Quiet; geometry: Geometry; x: Scale }) {
  const width = x(band.to) - x(band.from);
  if (width < 6) return null;
  const text = `quiet ${duration((band.to - band.from) / 1000)}`;
  return (
    <g>
      <rect
        className="fill-s2"
        height={geometry.bottom - geometry.top}
        width={width}
        x={x(band.from)}
        y={geometry.top}
      />
      {width > 56 && (
        <text
          className="fill-t3 text-label"
          textAnchor="middle"
          x={x(band.from) + width / 2}
          y={Math.min(geometry.bottom - 6, geometry.axis + 20)}
        >
          {text}
        </text>
      )}
    </g>
  );
}

function CapitalLanes({
  losses,
  up,
  geometry,
  x,
}: {
  losses: readonly Loss[];
  up: number | null | undefined;
  geometry: Geometry;
  x: Scale;
}) {
  return losses
    .filter((loss) => isCapital(loss.hull))
    .map((loss) => {
      const size = loss.hull === "titan" || loss.hull === "supercarrier" ? 15 : 12;
      const y = loss.sideId === up ? geometry.laneUp : geometry.laneDown;
      return (
        <g
          className={`${sideClass(loss.sideId)} side-text`}
          fill="currentColor"
          fillRule="evenodd"
          key={loss.killmailId}
          transform={`translate(${x(loss.at) - size / 2} ${y - size / 2}) scale(${size / 16})`}
        >
          <title>{`${loss.ship} of ${loss.victim}, ${clockSeconds(loss.at)}`}</title>
          <path d={HULL_PATHS[loss.hull ?? "other"]} />
        </g>
      );
    });
}

type PlacedPin = Pin & { x: number; row: 0 | 1; anchor: "start" | "end" };

/** Labels in two rows, where they hide no other; what has no room is left out. */
function placePins(pins: readonly Pin[], x: Scale, right: number): PlacedPin[] {
  const ends: [number, number] = [-Infinity, -Infinity];
  return [...pins]
    .sort((a, b) => a.at - b.at)
    .flatMap((pin): PlacedPin[] => {
      const width = pin.text.length * 5.9 + 14;
      const at = x(pin.at);
      const anchor = at + width > right ? "end" : "start";
      const left = anchor === "end" ? at - width : at;
      const row = ([0, 1] as const).find((one) => ends[one] <= left);
      if (row === undefined) return [];
      ends[row] = anchor === "end" ? at + 8 : at + width;
      return [{ ...pin, x: at, row, anchor }];
    });
}

function PinMark({ pin, geometry }: { pin: PlacedPin; geometry: Geometry }) {
  const y = 9 + pin.row * 16;
  return (
    <g>
      <line className="stroke-t3" strokeDasharray="2 3" x1={pin.x} x2={pin.x} y1={y} y2={geometry.bottom} />
      <circle className="fill-t1" cx={pin.x} cy={y} r="2.5" />
      <text
        className="fill-t1 text-label"
        textAnchor={pin.anchor}
        x={pin.x + (pin.anchor === "start" ? 6 : -6)}
        y={y + 4}
      >
        {pin.text}
      </text>
    </g>
  );
}

function readout(bucket: Bucket | undefined, sides: readonly FigureSide[], measure: Measure): string {
  if (!bucket) return "nothing";
  const parts = sides
    .filter((side) => (bucket.bySide.get(side.sideId) ?? 0) > 0)
    .map((side) => `${side.name} lost ${formatAmount(bucket.bySide.get(side.sideId) ?? 0, measure)}`);
  return `${clockSeconds(bucket.from)}: ${parts.join(", ") || "no loss"}`;
}

type ReadoutProps = { bucket: Bucket; left: number; width: number; sides: readonly FigureSide[]; measure: Measure };

function Readout({ bucket, left, width, sides, measure }: ReadoutProps) {
  const lost = sides.filter((side) => (bucket.bySide.get(side.sideId) ?? 0) > 0);
  const place = left > width / 2 ? { right: width - left + 8 } : { left: left + 8 };
  return (
    <div
      className="overlay pointer-events-none absolute top-6 z-10 rounded-control border border-line2 bg-s2 px-2 py-1 text-sec"
      style={place}
    >
      <div className="text-t2">
        {clockSeconds(bucket.from)} to {clockSeconds(bucket.to)}
      </div>
      {lost.length === 0 && <div className="text-t3">no loss</div>}
      {lost.map((side) => (
        <div className="flex items-center gap-2" key={String(side.sideId)}>
          <span
            className={`${sideClass(side.sideId)} ${isHatched(side.sideId, side.role) ? "side-hatch" : "side-fill"} size-2 rounded-[1px]`}
          />
          <span className="max-w-40 truncate">{side.name}</span>
          <span className="ml-auto font-[600]">{formatAmount(bucket.bySide.get(side.sideId) ?? 0, measure)}</span>
        </div>
      ))}
    </div>
  );
}
