/**
 * What a browser needs for list and report: times, layout shifts, long tasks, memory. `node e2e/measure.ts [killmails]`
 *
 * The largest battle of the demo is enlarged on its way to the browser, so that the server has no part in the figures.
 */

import { loadavg } from "node:os";
import type { CDPSession, Page } from "playwright-core";
import { list, openBrowser, openPage, startSystem } from "./support.ts";

type Json = Record<string, unknown>;

const KILLMAILS = Number(process.argv[2] ?? 1030);
const RUNS = 5;
const BATTLES = 25;
const UPDATES = 120;

const system = await startSystem(BATTLES);
const browser = await openBrowser();
const battle = (await list(system.url))[0];
try {
  if (!battle) throw new Error("The demo has no battle.");
  const report = `/battles/${battle.id}`;
  console.log(`load ${loadavg()[0]?.toFixed(1)}, ${RUNS} cold runs each, medians`);
  await vitals("list", "/battles", "[data-row]");
  await vitals(`report of ${KILLMAILS} killmails`, report, "section[aria-label=Score]");
  await scrolling(`${report}/kills`);
  await memory(report);
} finally {
  await browser.close();
  await system.stop();
}

/** Repeats killmails and pilots of the demo's battle until there are enough, each with an id of its own. */
function enlarged(detail: Json): Json {
  const grow = (items: Json[], count: number, key: string): Json[] =>
    Array.from({ length: Math.max(count, items.length) }, (_, index) => {
      const item = items[index % items.length] ?? {};
      return index < items.length ? item : { ...item, [key]: `9${index}${item[key]}`.slice(0, 15), podOf: null };
    });
  const killmails = grow(detail.killmails as Json[], KILLMAILS, "killmailId");
  const participants = grow(detail.participants as Json[], KILLMAILS * 2, "characterId");
  return { ...detail, killmails, participants, totalKills: killmails.length, totalParticipants: participants.length };
}

async function enlargedPage(): Promise<{ page: Page; close: () => Promise<void> }> {
  const { page, context } = await openPage(browser, 1440, "dark");
  await page.route(/\/api\/battles\/[0-9a-f-]{36}$/, async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: enlarged((await answer.json()) as Json) });
  });
  return { page, close: () => context.close() };
}

async function vitals(name: string, path: string, ready: string): Promise<void> {
  const runs: { ready: number; lcp: number; cls: number; inp: number }[] = [];
  for (let run = 0; run < RUNS; run++) {
    const { page, close } = await enlargedPage();
    await page.addInitScript(() => {
      const seen = { lcp: 0, cls: 0, inp: 0 };
      Object.assign(window, { seen });
      new PerformanceObserver((entries) => {
        for (const entry of entries.getEntries()) seen.lcp = entry.startTime;
      }).observe({ type: "largest-contentful-paint", buffered: true });
      new PerformanceObserver((entries) => {
        for (const entry of entries.getEntries()) seen.cls += (entry as PerformanceEntry & { value: number }).value;
      }).observe({ type: "layout-shift", buffered: true });
      new PerformanceObserver((entries) => {
        for (const entry of entries.getEntries()) seen.inp = Math.max(seen.inp, entry.duration);
      }).observe({ type: "event", buffered: true, durationThreshold: 16 } as PerformanceObserverInit);
    });
    await page.goto(system.url + path);
    await page.locator(ready).first().waitFor();
    const shown = await page.evaluate(
      () =>
        new Promise<number>((resolve) =>
          requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now()))),
        ),
    );
    await page
      .getByRole("link", { name: path === "/battles" ? "Home" : /^Kills/ })
      .first()
      .click();
    await page.waitForTimeout(800);
    const seen = await page.evaluate(
      () => (window as unknown as { seen: { lcp: number; cls: number; inp: number } }).seen,
    );
    runs.push({ ready: shown, ...seen });
    await close();
  }
  const median = (key: keyof (typeof runs)[number]) =>
    runs.map((run) => run[key]).sort((a, b) => a - b)[Math.floor(RUNS / 2)] ?? 0;
  console.log(
    `${name}: interactive ${median("ready").toFixed(0)} ms, LCP ${median("lcp").toFixed(0)} ms, CLS ${median("cls").toFixed(3)}, INP of a tab or page ${median("inp").toFixed(0)} ms`,
  );
}

async function metrics(devtools: CDPSession): Promise<Record<string, number>> {
  const { metrics: all } = await devtools.send("Performance.getMetrics");
  return Object.fromEntries(all.map((metric) => [metric.name, metric.value]));
}

async function scrolling(path: string): Promise<void> {
  const { page, close } = await enlargedPage();
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Performance.enable");
  await page.goto(system.url + path);
  await page.locator("[data-row]").first().waitFor();
  await page.waitForTimeout(1500);
  await page.evaluate(() => {
    const tasks: number[] = [];
    const frames = { count: 0 };
    Object.assign(window, { tasks, frames });
    new PerformanceObserver((entries) => tasks.push(...entries.getEntries().map((entry) => entry.duration))).observe({
      type: "longtask",
    });
    const count = () => {
      frames.count += 1;
      requestAnimationFrame(count);
    };
    requestAnimationFrame(count);
  });
  const before = await metrics(devtools);
  for (let step = 0; step < 120; step++) {
    await page.mouse.wheel(0, 240);
    await page.waitForTimeout(16);
  }
  const after = await metrics(devtools);
  const { tasks, frames } = await page.evaluate(() => {
    const { tasks, frames } = window as unknown as { tasks: number[]; frames: { count: number } };
    return { tasks, frames: frames.count };
  });
  const spent = (name: string) => ((after[name] ?? 0) - (before[name] ?? 0)) * 1000;
  const work = (spent("ScriptDuration") + spent("LayoutDuration") + spent("RecalcStyleDuration")) / Math.max(1, frames);
  console.log(
    `scrolling ${KILLMAILS} kills: ${tasks.length} tasks above 50 ms (longest ${Math.max(0, ...tasks).toFixed(0)} ms), script and layout ${work.toFixed(1)} ms a frame on average over ${frames} frames`,
  );
  await close();
}

/** Changes of the battle that is shown, each read again with other figures, as fast as the page takes them. */
async function memory(path: string): Promise<void> {
  const { page, close } = await enlargedPage();
  let revision = 1000;
  let answered = 0;
  await page.route("**/api/stream?*", (route) => {
    revision += 1;
    const data = JSON.stringify({ battleId: battle?.id, revision, change: "updated", mergedInto: null });
    return route.fulfill({
      contentType: "text/event-stream",
      body: `retry: 100\nid: ${revision}-0\nevent: battle\ndata: ${data}\n\n`,
    });
  });
  await page.route(/\/api\/battles\/[0-9a-f-]{36}$/, async (route) => {
    const answer = await route.fetch();
    const detail = enlarged((await answer.json()) as Json);
    await route.fulfill({
      response: answer,
      json: { ...detail, revision, totalIskDestroyed: `${revision}000000000.00` },
    });
    answered += 1;
  });
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Performance.enable");
  await page.goto(system.url + path);
  await page.locator("section[aria-label=Score]").waitFor();
  const sizes: string[] = [];
  for (const wanted of [5, UPDATES / 3, (2 * UPDATES) / 3, UPDATES]) {
    while (answered < wanted) await page.waitForTimeout(100);
    await devtools.send("HeapProfiler.collectGarbage");
    sizes.push(`${(((await metrics(devtools)).JSHeapUsedSize ?? 0) / 1e6).toFixed(1)} MB after ${answered}`);
  }
  console.log(`memory while the report is read again: ${sizes.join(", ")}`);
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await close();
}
