import { useMemo, useRef } from "react";
import { linear, type Scale, timeTicks } from "@/lib/scale";
import { clock } from "@/lib/time";
import { sideClass } from "@/ui/marks";
import { LEFT, RIGHT } from "./lossGeometry";
import { useWidth } from "./useWidth";

/** How much a side had at each of its times; both lists are as long as each other. */
export type RunningLine = {
  sideId: number | null;
  name: string;
  times: readonly number[];
  amounts: readonly number[];
};

type Props = {
  start: number;
  end: number;
  title: string;
  lines: readonly RunningLine[];
  show: (amount: number) => string;
};

const HEIGHT = 120;
const TOP = 8;
const AXIS = 18;
const LABEL_GAP = 13;

/** What each side had lost or brought until a moment, as steps; the figures of the end stand at the right. */
export function RunningLines({ start, end, title, lines, show }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const right = Math.max(LEFT + 120, width - RIGHT - 46);
  const most = Math.max(1, ...lines.map((line) => line.amounts.at(-1) ?? 0));
  const x = useMemo(() => linear([start, Math.max(end, start + 1000)], [LEFT, right]), [start, end, right]);
  const y = useMemo(() => linear([0, most], [HEIGHT - AXIS, TOP]), [most]);
  const paths = useMemo(() => lines.map((line) => steps(line, x, y, right)), [lines, x, y, right]);
  const labels = apart(lines.map((line) => y(line.amounts.at(-1) ?? 0)));
  const sentence = lines.map((line) => `${line.name} ${show(line.amounts.at(-1) ?? 0)}`).join(", ");
  return (
    <figure className="panel mt-3 px-3 pt-2.5 pb-1">
      <figcaption className="text-sec font-[600]">{title}</figcaption>
      <div ref={box}>
        <svg
          aria-label={`${title}, at the end: ${sentence}`}
          className="block"
          height={HEIGHT}
          role="img"
          width={Math.max(width, 1)}
        >
          {[most / 2, most].map((amount) => (
            <g key={amount}>
              <line className="stroke-hair" x1={LEFT} x2={right} y1={y(amount)} y2={y(amount)} />
              <text className="fill-t3 text-label" textAnchor="end" x={LEFT - 8} y={y(amount) + 4}>
                {show(amount)}
              </text>
            </g>
          ))}
          <line className="stroke-line2" x1={LEFT} x2={right} y1={HEIGHT - AXIS} y2={HEIGHT - AXIS} />
          {timeTicks(start, end, Math.max(2, Math.floor((right - LEFT) / 110))).map((tick) => (
            <text className="fill-t3 text-label" key={tick} textAnchor="middle" x={x(tick)} y={HEIGHT - 4}>
              {clock(tick)}
            </text>
          ))}
          {lines.map((line, index) => (
            <g className={`${sideClass(line.sideId)} side-text`} key={String(line.sideId)}>
              <path d={paths[index]} fill="none" stroke="currentColor" strokeWidth="1.6" />
              <text className="text-label font-[600]" fill="currentColor" x={right + 6} y={(labels[index] ?? 0) + 4}>
                {show(line.amounts.at(-1) ?? 0)}
              </text>
            </g>
          ))}
        </svg>
      </div>
    </figure>
  );
}

function steps({ times, amounts }: RunningLine, x: Scale, y: Scale, right: number): string {
  let path = `M${LEFT} ${y(0)}`;
  for (let index = 0; index < times.length; index++) {
    path += `H${x(times[index] ?? 0).toFixed(1)}V${y(amounts[index] ?? 0).toFixed(1)}`;
  }
  return `${path}H${right}`;
}

/** Heights of labels that do not cover each other: the lower ones give way upwards. */
function apart(heights: readonly number[]): number[] {
  const order = heights.map((height, index) => ({ height, index })).sort((a, b) => b.height - a.height);
  const placed: number[] = [];
  let last = Number.POSITIVE_INFINITY;
  for (const { height, index } of order) {
    last = Math.min(height, last - LABEL_GAP);
    placed[index] = last;
  }
  return placed;
}
