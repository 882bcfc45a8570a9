import { type KeyboardEvent, type PointerEvent, useMemo, useRef, useState } from "react";
import { bucketSeconds, linear, timeTicks } from "@/lib/scale";
import { clock } from "@/lib/time";
import { bucketsOf, type FigureSide, type Loss, type Measure, upwards } from "./buckets";
import { Bars, CapitalLanes, Grid, Hatches, PinMark, QuietBand } from "./LossParts";
import { bucketSentence, Readout } from "./LossReadout";
import { LEFT, middle, type Pin, placePins, type Quiet, RIGHT, type Span, spanOf, useGeometry } from "./lossGeometry";
import { useWidth } from "./useWidth";

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

const DRAG_PX = 5;
const NONE: readonly never[] = [];

/** Losses over time: the first side upwards, all others downwards, capital ships in lanes, moments as pins. */
export function LossTimeline(props: Props) {
  const { start, end, losses, sides, measure, pins = NONE, quiet = NONE, height = 214 } = props;
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
        aria-valuetext={bucketSentence(buckets[cursor ?? 0], sides, measure)}
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
          {width > 0 && (
            <>
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
            </>
          )}
        </svg>
      </div>
      {current && <Readout bucket={current} left={middle(current, x)} measure={measure} sides={sides} width={width} />}
    </div>
  );
}
