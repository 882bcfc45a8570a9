import { useEffect, useLayoutEffect, useRef } from "react";
import type { HullClass } from "@/api/client";
import { HULL_PATHS } from "@/ui/HullGlyph";

type Props = {
  hull: HullClass | null;
  /** Pixels of a ship. */
  size: number;
  seen: number;
  /** When ships were lost, in their order; the others are there to the end. */
  times: readonly number[];
  at: number;
  /** How long a loss is marked, in milliseconds. */
  freshMs: number;
};

const GAP = 2;
const GRID = 16;
const LOST_OPACITY = 0.7;
const THERE = 1;
const FRESH = 2;
const LOST = 3;

/** A class of ships as the glyphs of the replay, for fleets whose elements the browser could not move in time. */
export function FleetCanvas(props: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const latest = useRef(props);
  const draw = useRef<() => void>(undefined);
  useEffect(() => {
    latest.current = props;
    draw.current?.();
  });
  // Before the first paint: a canvas without a size is 150 pixels high, and everything below would move.
  useLayoutEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context) return;
    const painter = newPainter(element, context, () => latest.current);
    draw.current = painter.change;
    const resized = new ResizeObserver(([entry]) => entry && painter.resize(entry.contentRect.width));
    resized.observe(element.parentElement ?? element);
    const themed = new MutationObserver(painter.begin);
    themed.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    return () => {
      resized.disconnect();
      themed.disconnect();
      draw.current = undefined;
    };
  }, []);
  // The numbers stand beside it; without content it says nothing to a screen reader.
  return <canvas className="block" ref={canvas} />;
}

/** Draws only the ships whose state has changed since the last time. */
function newPainter(element: HTMLCanvasElement, context: CanvasRenderingContext2D, read: () => Props) {
  let drawn = new Uint8Array(0);
  let columns = 1;
  let width = 0;
  let colours: Record<number, string> = {};
  const resize = (pixels: number) => {
    width = pixels;
    begin();
  };
  const begin = () => {
    if (width === 0) return;
    const { seen, size } = read();
    const ratio = devicePixelRatio || 1;
    columns = Math.max(1, Math.floor((width + GAP) / (size + GAP)));
    const height = Math.ceil(seen / columns) * (size + GAP);
    element.width = Math.round(width * ratio);
    element.height = Math.round(height * ratio);
    element.style.width = `${width}px`;
    element.style.height = `${height}px`;
    const style = getComputedStyle(element);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    colours = { [THERE]: colour("--side-text"), [FRESH]: colour("--t1"), [LOST]: colour("--loss") };
    drawn = new Uint8Array(seen);
    change();
  };
  const change = () => {
    const { seen, size, times, at, freshMs, hull } = read();
    if (drawn.length !== seen) return begin();
    const ratio = devicePixelRatio || 1;
    const path = new Path2D(HULL_PATHS[hull ?? "other"]);
    const unit = (size / GRID) * ratio;
    for (let index = 0; index < seen; index++) {
      const state = stateOf(times[index], at, freshMs);
      if (drawn[index] === state) continue;
      drawn[index] = state;
      const x = (index % columns) * (size + GAP) * ratio;
      const y = Math.floor(index / columns) * (size + GAP) * ratio;
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(x, y, size * ratio, size * ratio);
      context.setTransform(unit, 0, 0, unit, x, y);
      context.globalAlpha = state === LOST ? LOST_OPACITY : 1;
      if (state === LOST) {
        context.strokeStyle = colours[state] ?? "";
        context.stroke(path);
      } else {
        context.fillStyle = colours[state] ?? "";
        context.fill(path, "evenodd");
      }
    }
  };
  return { begin, change, resize };
}

function stateOf(lostAt: number | undefined, at: number, freshMs: number): number {
  if (lostAt === undefined || lostAt > at) return THERE;
  return at - lostAt < freshMs ? FRESH : LOST;
}
