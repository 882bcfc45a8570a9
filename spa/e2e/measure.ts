/**
 * What a browser needs: `node e2e/measure.ts [killmails]`, alone on the machine; prints every figure of the README.
 *
 * On a demo its largest battle is enlarged on its way to the browser, so that the server has no part in the figures;
 * `node e2e/with-day.ts e2e/measure.ts` measures the largest battle of a real day as it is.
 * MINUTES (2) is how long a report is read again for each live change, RUNS (5) how often a page is opened.
 */

import { execFileSync } from "node:child_process";
import { loadavg } from "node:os";
import { join } from "node:path";
import type { CDPSession, Page } from "playwright-core";
import { type Frames, framesOf } from "./frames.ts";
import { type Detail, enlarged } from "./shapes.ts";
import { isRealDay, list, longList, openBrowser, openPage, startSystem } from "./support.ts";
import { type Click, clicked, type Opened, opened, type Shifts, shifts, watch } from "./vitals.ts";

const KILLMAILS = isRealDay() ? 0 : Number(process.argv[2] ?? 1030);
const SHIPS = 4000;
const LIST = 2000;
const RUNS = Number(process.env.RUNS ?? 5);
const MINUTES = Number(process.env.MINUTES ?? 2);
const BATTLES = 25;
const UPDATE_MS = 5000;
const SETTLE_MS = 2500;
const TABS = [/^Kills/, /^Timeline/, /^Composition/, /^Participants/, /^Replay/, /^Why/, /^History/, /^Summary/];

const system = await startSystem(BATTLES);
const browser = await openBrowser();
const battle = (await list(system.url))[0];
try {
  if (!battle) throw new Error("There is no battle.");
  const report = `/battles/${battle.id}`;
  const killmails = Math.max(KILLMAILS, battle.totalKills);
  console.log(`load ${loadavg()[0]?.toFixed(1)}, ${RUNS} cold runs each, medians; ${killmails} killmails`);
  await vitals("list", "/battles", "[data-row]");
  await vitals("report", report, "section[aria-label=Score]");
  for (const tab of ["kills", "participants"]) await scrolling(tab, `${report}/${tab}`);
  await scrolling("summary", report);
  await scrolling("list", "/battles");
  await replay(`${report}/replay`);
  await memory(report);
  process.stdout.write(execFileSync(process.execPath, [join(import.meta.dirname, "..", "scripts", "sizes.ts")]));
} finally {
  await browser.close();
  await system.stop();
}

async function largePage(ships = 0): Promise<{ page: Page; close: () => Promise<void> }> {
  const { page, context } = await openPage(browser, 1440, "dark");
  if (KILLMAILS > 0 || ships > 0) {
    await page.route(/\/api\/battles\/[0-9a-f-]{36}$/, async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, json: enlarged((await answer.json()) as Detail, KILLMAILS, ships) });
    });
  }
  return { page, close: () => context.close() };
}

/** Cold runs: a browser context of its own each, so that nothing is in a cache. */
async function vitals(name: string, path: string, ready: string): Promise<void> {
  const links = path === "/battles" ? [/^Home/] : TABS;
  const runs: { opened: Opened; clicks: Click[]; shifts: Shifts }[] = [];
  for (let run = 0; run < RUNS; run++) {
    const { page, close } = await largePage();
    await watch(page, ready);
    await page.goto(system.url + path);
    const first = await opened(page);
    // The code of the other pages has come by then, as it has for a person.
    await page.waitForTimeout(SETTLE_MS);
    const clicks: Click[] = [];
    for (const link of links) clicks.push(await clicked(page, link));
    runs.push({ opened: first, clicks, shifts: await shifts(page) });
    await close();
  }
  const interactive = median(runs.map((run) => run.opened.ready));
  const lcp = median(runs.map((run) => run.opened.lcp));
  const worst = runs.map((run) => run.shifts).sort((a, b) => b.cls - a.cls)[0];
  console.log(
    `${name}: interactive ${interactive.toFixed(0)} ms, LCP ${lcp.toFixed(0)} ms, CLS of the worst run ${worst?.cls.toFixed(3)}, load ${loadavg()[0]?.toFixed(1)}`,
  );
  if (worst?.largest) console.log(`    largest shift ${worst.largest.value.toFixed(3)}: ${worst.largest.of}`);
  links.forEach((link, index) => {
    const answered = runs.map((run) => run.clicks[index]?.answered ?? 0);
    const complete = median(runs.map((run) => run.clicks[index]?.complete ?? 0));
    console.log(
      `    click ${link.source}: answered after ${median(answered)} ms, at most ${Math.max(...answered)}, complete after ${complete.toFixed(0)}`,
    );
  });
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function print(what: string, frames: Frames): void {
  const { count, median, p95, longest, longTasks } = frames;
  const work = `script and layout a frame: median ${median.toFixed(1)}, p95 ${p95.toFixed(1)}, longest ${longest.toFixed(1)} ms`;
  console.log(
    `${what}: ${longTasks.length} tasks above 50 ms, ${work}; ${count} frames, load ${loadavg()[0]?.toFixed(1)}`,
  );
  for (const task of longTasks.slice(0, 5))
    console.log(`    ${task.ms.toFixed(0)} ms, ${task.cpu.toFixed(0)} of the thread: ${task.of}`);
}

async function scrolling(name: string, path: string): Promise<void> {
  const { page, close } = await largePage();
  if (path === "/battles" && !isRealDay()) await longList(page, system.url, LIST);
  await page.goto(system.url + path);
  await page.locator("[data-row], [role=listitem]").first().waitFor();
  await page.waitForTimeout(2000);
  await page.mouse.move(720, 450);
  const frames = await framesOf(browser, page, async () => {
    for (let step = 0; step < 150; step++) {
      await page.mouse.wheel(0, 240);
      await page.waitForTimeout(16);
    }
  });
  print(`scrolling ${name}`, frames);
  await close();
}

async function replay(path: string): Promise<void> {
  const { page, close } = await largePage(SHIPS);
  await page.goto(system.url + path);
  await page.getByRole("button", { name: "120×" }).click();
  await page.locator("canvas").first().waitFor();
  const frames = await framesOf(browser, page, async () => {
    await page.getByRole("button", { name: "Play" }).click();
    await page.waitForTimeout(4000);
  });
  print(`replay of more than ${SHIPS} ships at 120×`, frames);
  await close();
}

async function metrics(devtools: CDPSession): Promise<Record<string, number>> {
  const { metrics: all } = await devtools.send("Performance.getMetrics");
  return Object.fromEntries(all.map((metric) => [metric.name, metric.value]));
}

/** Live changes of the battle that is shown, every five seconds, each read again with other figures. */
async function memory(path: string): Promise<void> {
  const { page, close } = await largePage();
  let revision = 1000;
  let answered = 0;
  await page.route("**/api/stream?*", async (route) => {
    revision += 1;
    const data = JSON.stringify({ battleId: battle?.id, revision, change: "updated", mergedInto: null });
    await route.fulfill({
      contentType: "text/event-stream",
      body: `retry: ${UPDATE_MS}\nid: ${revision}-0\nevent: battle\ndata: ${data}\n\n`,
    });
  });
  await page.route(/\/api\/battles\/[0-9a-f-]{36}$/, async (route) => {
    const answer = await route.fetch();
    const detail = enlarged((await answer.json()) as Detail, KILLMAILS);
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
  for (let part = 0; part <= 5; part++) {
    await devtools.send("HeapProfiler.collectGarbage");
    const { JSHeapUsedSize = 0, Nodes = 0 } = await metrics(devtools);
    sizes.push(`${(JSHeapUsedSize / 1e6).toFixed(1)} MB and ${Nodes} nodes after ${answered}`);
    if (part < 5) await page.waitForTimeout((MINUTES * 60_000) / 5);
  }
  console.log(`memory over ${MINUTES} minutes of live changes: ${sizes.join("; ")}`);
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await close();
}
