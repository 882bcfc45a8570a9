/** Scales and ticks of figures. */

export type Scale = (value: number) => number;

export function linear(domain: readonly [number, number], range: readonly [number, number]): Scale {
  const span = domain[1] - domain[0] || 1;
  return (value) => range[0] + ((value - domain[0]) / span) * (range[1] - range[0]);
}

/** A square root scale from 0: a loss of a hundred times the value is ten times as high. */
export function sqrt(max: number, length: number): Scale {
  const root = Math.sqrt(max) || 1;
  return (value) => (Math.sqrt(Math.max(0, value)) / root) * length;
}

const BUCKETS = [10, 30, 60, 120, 300, 900, 3600, 10_800, 86_400] as const;

/** Seconds of a bucket, so that each of them is at least `minWidth` pixels wide. */
export function bucketSeconds(span: number, width: number, minWidth = 6): number {
  return BUCKETS.find((seconds) => width / Math.max(1, span / seconds) >= minWidth) ?? 86_400;
}

const TICKS = [10, 30, 60, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400] as const;

/** Whole times in milliseconds between `from` and `to`, at most `most` of them. */
export function timeTicks(from: number, to: number, most: number): number[] {
  const step = (TICKS.find((seconds) => (to - from) / 1000 / seconds <= most) ?? 86_400) * 1000;
  const ticks: number[] = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) ticks.push(at);
  return ticks;
}

/** Up to three round values of a square root axis: near the ends of thirds of its length. */
export function sqrtTicks(max: number): number[] {
  const nice = [0.06, 0.32, 0.82].map((part) => oneDigit(max * part)).filter((value) => value > 0);
  return [...new Set(nice)].filter((value) => value <= max);
}

function oneDigit(value: number): number {
  if (value <= 0) return 0;
  const power = 10 ** Math.floor(Math.log10(value));
  const digit = value / power;
  return (digit >= 5 ? 5 : digit >= 2.5 ? 2.5 : digit >= 2 ? 2 : 1) * power;
}

/** The value below which `part` of the values are; 0 of none. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0;
}
