/** What the figure of losses over time is drawn of. */

import { memo } from "react";
import { isCapital } from "@/lib/hulls";
import { type Scale, sqrtTicks } from "@/lib/scale";
import { clockSeconds, duration } from "@/lib/time";
import { HULL_PATHS } from "@/ui/HullGlyph";
import { isHatched, sideClass } from "@/ui/marks";
import { barPath } from "./barPath";
import type { Bucket, FigureSide, Loss, Measure } from "./buckets";
import { formatAmount, type Geometry, LEFT, type PlacedPin, type Quiet } from "./lossGeometry";

const LABEL = 13;

export function Hatches({ sides }: { sides: readonly FigureSide[] }) {
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

/** Drawn again only with other losses: the cursor and the moment of a replay move over them. */
export const Bars = memo(function Bars({ buckets, sides, up, geometry, x, measure }: BarsProps) {
  const order = [...sides].sort((a, b) => Number(a.sideId === null) - Number(b.sideId === null));
  const bars = barsOf(buckets, order, up, geometry, x);
  return order.map(({ sideId, role }) => {
    const own = bars.filter((bar) => bar.sideId === sideId);
    const path = own.map((bar) => barPath(bar.left, bar.y, bar.width, bar.length)).join("");
    const fill = isHatched(sideId, role) ? `url(#hatch-${sideId})` : "currentColor";
    return (
      <g className={`${sideClass(sideId)} side-text`} key={String(sideId)}>
        <path d={path} fill={fill} />
        {own
          .filter((bar) => bar.isCut)
          .map(({ left, width, y, length, isUp, value }) => (
            <Break
              amount={formatAmount(value, measure)}
              isUp={isUp}
              key={left}
              left={left}
              width={width}
              y={isUp ? y : y + length}
            />
          ))}
      </g>
    );
  });
});

type Bar = {
  sideId: number | null;
  value: number;
  left: number;
  width: number;
  y: number;
  length: number;
  isUp: boolean;
  isCut: boolean;
};

/** Where the bars stand: the side `up` above the axis, all others on each other below it. */
function barsOf(
  buckets: readonly Bucket[],
  order: readonly FigureSide[],
  up: number | null | undefined,
  geometry: Geometry,
  x: Scale,
): Bar[] {
  return buckets.flatMap((bucket) => {
    const left = x(bucket.from);
    const width = Math.max(1, x(bucket.to) - left - 1);
    let down = 0;
    return order.flatMap(({ sideId }) => {
      const value = bucket.bySide.get(sideId) ?? 0;
      if (value <= 0) return [];
      const isUp = sideId === up;
      const from = isUp ? 0 : down;
      if (!isUp) down += value;
      const start = geometry.scale(Math.min(from, geometry.cut));
      const length = Math.max(1.5, geometry.scale(Math.min(from + value, geometry.cut)) - start);
      const y = isUp ? geometry.axis - start - length : geometry.axis + start;
      return [{ sideId, value, left, width, y, length, isUp, isCut: from + value > geometry.cut * 1.001 }];
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

export const Grid = memo(function Grid({
  geometry,
  measure,
  right,
}: {
  geometry: Geometry;
  measure: Measure;
  right: number;
}) {
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
});

export function QuietBand({ band, geometry, x }: { band: Quiet; geometry: Geometry; x: Scale }) {
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

export const CapitalLanes = memo(function CapitalLanes({
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
});

export function PinMark({ pin, geometry }: { pin: PlacedPin; geometry: Geometry }) {
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
