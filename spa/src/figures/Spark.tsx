import type { Spark as SparkData } from "@/api/client";
import { linear, sqrt } from "@/lib/scale";
import { sideClass } from "@/ui/marks";
import { barPath } from "./barPath";

type Props = { spark: SparkData; up: number | null; width?: number; height?: number; label: string };

/** The shape of a fight: what the side `up` lost upwards, what all others lost downwards. Its twin is the row's figures. */
export function Spark({ spark, up, width = 144, height = 34, label }: Props) {
  const parts = Math.max(1, ...spark.lost.map((side) => side.isk.length));
  const middle = height / 2;
  const upper = spark.lost.filter((side) => side.sideId === up);
  const lower = spark.lost.filter((side) => side.sideId !== up);
  const heights = [...stacked(upper, parts), ...stacked(lower, parts)].map(({ to }) => to);
  const scale = sqrt(Math.max(1, ...heights), middle - 1);
  const x = linear([0, parts], [0, width]);
  const barWidth = Math.max(1, width / parts - 1);
  // One path a side: a list of fifty battles would have thousands of bars as elements.
  const bars = (sides: SparkData["lost"], direction: 1 | -1) => {
    const paths = new Map<number | null, string>();
    for (const { sideId, part, from, to } of stacked(sides, parts)) {
      const start = scale(from);
      const length = Math.max(1, scale(to) - start);
      const y = direction === 1 ? middle - start - length : middle + start;
      paths.set(sideId, (paths.get(sideId) ?? "") + barPath(x(part), y, barWidth, length));
    }
    return [...paths].map(([sideId, path]) => (
      <path className={`${sideClass(sideId)} side-text`} d={path} fill="currentColor" key={String(sideId)} />
    ));
  };
  return (
    <svg
      aria-label={label}
      height={height}
      role="img"
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      className="max-w-full"
    >
      <line className="text-line2" stroke="currentColor" x1="0" x2={width} y1={middle} y2={middle} />
      {bars(upper, 1)}
      {bars(lower, -1)}
    </svg>
  );
}

type Bar = { sideId: number | null; part: number; from: number; to: number };

/** One side on the other, each part of time for itself; parts without a loss have no bar. */
function stacked(sides: SparkData["lost"], parts: number): Bar[] {
  return Array.from({ length: parts }, (_, part) => {
    let top = 0;
    return sides.flatMap((side) => {
      const lost = side.isk[part] ?? 0;
      if (lost <= 0) return [];
      const bar = { sideId: side.sideId, part, from: top, to: top + lost };
      top = bar.to;
      return [bar];
    });
  }).flat();
}
