/** What Chromium itself says of a page that is opened and used: the figures of the web vitals, by their definitions. */

import type { Page } from "playwright-core";

type Shift = { value: number; at: number; isByInput: boolean; of: string };
type Seen = { ready: number; lcp: number; shifts: Shift[]; slowest: number; clickedAt: number };

/** Milliseconds since the page was asked for, until what `selector` names was painted, and until the largest paint. */
export type Opened = { ready: number; lcp: number };
/** `answered`: until the next paint after the click (INP); `complete`: until nothing on the page loads any more. */
export type Click = { answered: number; complete: number };
export type Shifts = { cls: number; largest: Shift | undefined };

const SESSION_MS = 5000;
const SESSION_GAP_MS = 1000;

/** Before the page is opened. */
export async function watch(page: Page, selector: string): Promise<void> {
  await page.addInitScript((ready) => {
    const seen: Seen = { ready: 0, lcp: 0, shifts: [], slowest: 0, clickedAt: 0 };
    Object.assign(window, { seen });
    const observe = (type: string, take: (entry: never) => void) =>
      new PerformanceObserver((entries) => {
        for (const entry of entries.getEntries()) take(entry as never);
      }).observe({ type, buffered: true, durationThreshold: 16 } as PerformanceObserverInit);
    observe("largest-contentful-paint", (entry: PerformanceEntry) => {
      seen.lcp = entry.startTime;
    });
    type Moved = PerformanceEntry & { value: number; hadRecentInput: boolean; sources: { node: Node | null }[] };
    observe("layout-shift", (entry: Moved) => {
      const of = entry.sources
        .map(({ node }) => (node instanceof Element ? `${node.tagName} ${node.className}` : node?.nodeName))
        .join(" | ");
      seen.shifts.push({ value: entry.value, at: entry.startTime, isByInput: entry.hadRecentInput, of });
    });
    observe("event", (entry: PerformanceEntry & { interactionId: number }) => {
      if (entry.interactionId) seen.slowest = Math.max(seen.slowest, entry.duration);
    });
    addEventListener("click", (event) => Object.assign(seen, { clickedAt: event.timeStamp }), { capture: true });
    const looking = new MutationObserver(() => {
      if (!document.querySelector(ready)) return;
      looking.disconnect();
      requestAnimationFrame(() =>
        requestAnimationFrame(() => {
          seen.ready = performance.now();
        }),
      );
    });
    looking.observe(document, { childList: true, subtree: true });
  }, selector);
}

function seen(page: Page): Promise<Seen> {
  return page.evaluate(() => (window as unknown as { seen: Seen }).seen);
}

/** Once the page stands. */
export async function opened(page: Page): Promise<Opened> {
  await page.waitForFunction(() => (window as unknown as { seen: Seen }).seen.ready > 0);
  const { ready, lcp } = await seen(page);
  return { ready, lcp };
}

/** Click the link whose name begins so, and see it answered. */
export async function clicked(page: Page, name: RegExp): Promise<Click> {
  await page.evaluate(() => Object.assign((window as unknown as { seen: Seen }).seen, { slowest: 0 }));
  await page.getByRole("link", { name }).first().click();
  const complete = await page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const { clickedAt } = (window as unknown as { seen: Seen }).seen;
        const look = () =>
          document.querySelector("[aria-busy=true]")
            ? requestAnimationFrame(look)
            : requestAnimationFrame(() => resolve(performance.now() - clickedAt));
        requestAnimationFrame(look);
      }),
  );
  await page.waitForTimeout(800);
  return { answered: (await seen(page)).slowest, complete };
}

/** The worst session of shifts that no input of the last half second explains. */
export async function shifts(page: Page): Promise<Shifts> {
  const unexpected = (await seen(page)).shifts.filter((shift) => !shift.isByInput);
  let cls = 0;
  let session: Shift[] = [];
  for (const shift of unexpected) {
    const first = session[0];
    const last = session.at(-1);
    const goesOn = first && last && shift.at - last.at < SESSION_GAP_MS && shift.at - first.at < SESSION_MS;
    session = goesOn ? [...session, shift] : [shift];
    cls = Math.max(
      cls,
      session.reduce((sum, one) => sum + one.value, 0),
    );
  }
  return { cls, largest: [...unexpected].sort((a, b) => b.value - a.value)[0] };
}
