/** What the main thread of a page did between frames, from the trace that Chromium writes. */

import type { Browser, Page } from "playwright-core";

type TraceEvent = { name: string; ph: string; ts: number; dur?: number; pid: number; tid: number; args?: unknown };
type Span = { name: string; from: number; to: number };

export type Frames = {
  count: number;
  /** Milliseconds of script, style and layout a frame. */
  median: number;
  p95: number;
  longest: number;
  /** Tasks above 50 ms, the longest first, each with what took most of it. */
  longTasks: { ms: number; of: string }[];
};

const CATEGORIES = [
  "devtools.timeline",
  "devtools.timeline.frame",
  "disabled-by-default-devtools.timeline",
  "disabled-by-default-devtools.timeline.frame",
  "v8",
  "toplevel",
];
const FRAME = "BeginMainThreadFrame";
const TASKS = ["RunTask", "ThreadControllerImpl::RunTask"];
const WORK = new Set([
  "EvaluateScript",
  "EventDispatch",
  "FireAnimationFrame",
  "FireIdleCallback",
  "FunctionCall",
  "Layout",
  "MajorGC",
  "MinorGC",
  "PrePaint",
  "RunMicrotasks",
  "TimerFire",
  "UpdateLayoutTree",
]);
const LONG_MS = 50;

/** The frames of the page while `run` runs. */
export async function framesOf(browser: Browser, page: Page, run: () => Promise<void>): Promise<Frames> {
  await browser.startTracing(page, { categories: CATEGORIES });
  try {
    await run();
  } finally {
    await page.waitForTimeout(200);
  }
  const trace = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
  const thread = mainThread(trace.traceEvents);
  const begun = thread.filter((event) => event.name === FRAME).map((event) => event.ts / 1000);
  const spans = thread.flatMap((event) => (event.ph === "X" && event.dur ? [spanOf(event)] : []));
  const work = outermost(spans.filter((span) => WORK.has(span.name)));
  const frames = begun.slice(0, -1).map((from, index) => busy(work, from, begun[index + 1] ?? from));
  const sorted = frames.sort((a, b) => a - b);
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0;
  const longTasks = outermost(spans.filter((span) => TASKS.includes(span.name)))
    .filter((task) => task.to - task.from >= LONG_MS)
    .map((task) => ({ ms: task.to - task.from, of: partsOf(task, spans) }))
    .sort((a, b) => b.ms - a.ms);
  return { count: frames.length, median: at(0.5), p95: at(0.95), longest: at(1), longTasks };
}

/** The thread with the most frames: that of the page. */
function mainThread(events: readonly TraceEvent[]): TraceEvent[] {
  const counts = new Map<string, number>();
  const key = (event: TraceEvent) => `${event.pid}/${event.tid}`;
  for (const event of events) if (event.name === FRAME) counts.set(key(event), (counts.get(key(event)) ?? 0) + 1);
  const most = [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
  return events.filter((event) => key(event) === most).sort((a, b) => a.ts - b.ts);
}

function spanOf(event: TraceEvent): Span {
  return { name: event.name, from: event.ts / 1000, to: (event.ts + (event.dur ?? 0)) / 1000 };
}

/** Spans that lie in no other of them, in time. */
function outermost(spans: readonly Span[]): Span[] {
  const found: Span[] = [];
  for (const span of [...spans].sort((a, b) => a.from - b.from || b.to - a.to)) {
    if (span.from >= (found.at(-1)?.to ?? -Infinity)) found.push(span);
  }
  return found;
}

function busy(work: readonly Span[], from: number, to: number): number {
  return work.reduce((sum, span) => sum + Math.max(0, Math.min(span.to, to) - Math.max(span.from, from)), 0);
}

/** "FunctionCall 41, Layout 12": the parts of a task that took most. */
function partsOf(task: Span, spans: readonly Span[]): string {
  const inside = spans.filter((span) => WORK.has(span.name) && span.from >= task.from && span.to <= task.to);
  const sums = new Map<string, number>();
  for (const span of outermost(inside)) sums.set(span.name, (sums.get(span.name) ?? 0) + span.to - span.from);
  return [...sums]
    .sort((a, b) => b[1] - a[1])
    .slice(0, 3)
    .map(([name, ms]) => `${name} ${ms.toFixed(0)}`)
    .join(", ");
}
