/** A demo of its own, which serves the built app, and a real Chromium: both once for all files of tests. */

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as runner from "node:test";
import { promisify } from "node:util";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { type Detail, manyBattles, type Row } from "./shapes.ts";

export const ROOT = join(import.meta.dirname, "..", "..");
const BATTLESCOPE = join(ROOT, ".venv", "bin", "battlescope");
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const START_MS = 120_000;
const DAY_MS = 15 * 60_000;
const LOOK_MS = 250;
/** A day has ended when its battles stay the same for so long. */
const SAME_MS = 20_000;

export type System = { url: string; data: string; stop: () => Promise<void> };
export type Battle = {
  id: string;
  status: string;
  revision: number;
  systemName: string;
  totalKills: number;
  sideCount: number;
  unassignedPilots: number;
  sides: { role: string }[];
};

/** A demo with at least `battles` battles, which serves the app too. `BATTLESCOPE_E2E` names a system that runs already. */
export async function startSystem(battles: number): Promise<System> {
  const running = process.env.BATTLESCOPE_E2E;
  if (running) return { url: running, data: process.env.BATTLESCOPE_E2E_DATA ?? "", stop: async () => undefined };
  return started(
    (port) => ["demo", "--port", port],
    (url) => until(`${battles} battles`, START_MS, async () => (await list(url)).length >= battles),
  );
}

/** A system with the killmails of a file, once no more battles come of them. */
export async function startDay(killmails: string, staticData: string): Promise<System> {
  const feed = ["--killmails", killmails, "--sde", staticData, "--speed", "max"];
  return started(
    (port) => ["up", "--foreground", "--offline", "--port", port, ...feed],
    async (url) => {
      let before = "";
      let since = Date.now();
      await until("the end of the day", DAY_MS, async () => {
        const answer = await fetch(`${url}/api/battles?limit=50&sort_by=kills`);
        const now = await answer.text();
        if (!answer.ok || now !== before || !now.includes('"id"')) since = Date.now();
        before = now;
        return Date.now() - since > SAME_MS;
      });
    },
  );
}

async function started(args: (port: string) => string[], loaded: (url: string) => Promise<void>): Promise<System> {
  const data = mkdtempSync(join(tmpdir(), "battlescope-e2e-"));
  // Under root PostgreSQL runs as another user, who must reach the folder.
  chmodSync(data, 0o755);
  const log = openSync(join(data, "system.log"), "w");
  const port = await freePort();
  const child = spawn(BATTLESCOPE, ["--data", data, ...args(String(port))], { stdio: ["ignore", log, log] });
  const stop = async () => {
    await ended(child);
    rmSync(data, { recursive: true, force: true });
  };
  try {
    const url = `http://127.0.0.1:${port}`;
    await until("the app", START_MS, async () => (await (await fetch(url)).text()).includes('id="root"'));
    await loaded(url);
    return { url, data, stop };
  } catch (error) {
    const log = readFileSync(join(data, "system.log"), "utf8").slice(-2000);
    await stop();
    throw new Error(`The system did not start: ${log}`, { cause: error });
  }
}

/** Battles, the largest first. */
export async function list(url: string): Promise<Battle[]> {
  const answer = await fetch(`${url}/api/battles?limit=50&sort_by=kills`);
  return answer.ok ? ((await answer.json()) as { items: Battle[] }).items : [];
}

/** The largest battle in which an alliance fought, with what its report holds: not every large battle has one. */
export async function largestWithAlliance<D extends { mainAlliances: unknown[] }>(url: string): Promise<D> {
  for (const { id } of await list(url)) {
    const detail = (await (await fetch(`${url}/api/battles/${id}`)).json()) as D;
    if (detail.mainAlliances.length > 0) return detail;
  }
  throw new Error("No alliance fought in any battle of this system.");
}

export async function until(what: string, patience: number, holds: () => Promise<boolean>): Promise<void> {
  const last = Date.now() + patience;
  while (Date.now() < last) {
    if (await holds().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  throw new Error(`There is no sign of ${what} after ${patience / 1000} s.`);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const over = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await over;
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

const BATTLES = 25;
const isTesting = process.execArgv.includes("--test");
const launched = isTesting
  ? await openBrowser().catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))))
  : undefined;
/** Why the tests cannot run here, and what would change it. */
const skip =
  launched instanceof Error
    ? `No Chromium starts here (${launched.message.split("\n")[0]}). Set CHROMIUM to one, or apt-get install chromium.`
    : false;

export const { describe } = runner;
type Body = (context: runner.TestContext) => Promise<void> | void;

/** As those of the runner; where no browser starts the tests are skipped with the reason. */
export function test(name: string, body: Body): void {
  void runner.test(name, { skip }, body);
}
export function before(body: () => Promise<void>): void {
  if (!skip) runner.before(body);
}
export function after(body: () => Promise<void> | undefined): void {
  if (!skip) runner.after(body);
}

/** Whether the running system has a real day, whose largest battle is looked at. */
export function isRealDay(): boolean {
  return process.env.BATTLESCOPE_E2E_DAY === "1";
}

let sharing: Promise<{ system: System; browser: Browser }> | undefined;

/** The system and the browser of all files. They end with the process. */
export function shared(): Promise<{ system: System; browser: Browser }> {
  sharing ??= (async () => {
    if (!launched || launched instanceof Error) throw new Error(String(skip));
    return { system: await startSystem(BATTLES), browser: launched };
  })();
  return sharing;
}

if (isTesting) {
  runner.after(async () => {
    const all = await sharing?.catch(() => undefined);
    if (launched && !(launched instanceof Error)) await launched.close();
    await all?.system.stop();
  });
}

/** Chromium of `CHROMIUM`, of the machine, else the one of the registry package. */
export async function openBrowser(): Promise<Browser> {
  const known = [process.env.CHROMIUM, "/usr/bin/chromium"].find((path) => path && existsSync(path));
  const executablePath = known ?? (await (await import("@sparticuz/chromium")).default.executablePath());
  return chromium.launch({ executablePath, args: FLAGS });
}

export const WIDTHS = [1440, 390] as const;
export const THEMES = ["dark", "light"] as const;
export type Theme = (typeof THEMES)[number];

export async function openPage(
  browser: Browser,
  width: number,
  theme: Theme,
): Promise<{ page: Page; context: BrowserContext; errors: string[] }> {
  const context = await browser.newContext({
    viewport: { width, height: width < 768 ? 844 : 900 },
    reducedMotion: "reduce",
    ...(width < 768 && { hasTouch: true, isMobile: true }),
  });
  await context.addInitScript(`localStorage.setItem("bs.theme", "${theme}")`);
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on(
    "console",
    (message) => message.type() === "error" && !isExpected(message.text()) && errors.push(message.text()),
  );
  return { page, context, errors };
}

/** Show every battle as one of another shape. */
export async function reshape(page: Page, shape: (detail: Detail) => Detail): Promise<void> {
  await page.route(/\/api\/battles\/[0-9a-f-]{36}$/, async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: shape((await answer.json()) as Detail) });
  });
}

/**
 * Show as many battles as wanted, in pages as the server gives them; a test may change the rows that it gets.
 *
 * The report of each is that of the newest one.
 */
export async function longList(page: Page, url: string, wanted: number): Promise<Row[]> {
  const answer = await fetch(`${url}/api/battles?limit=50`);
  const first = (await answer.json()) as { items: Row[] };
  const rows = manyBattles(first.items, wanted);
  await page.route(/\/api\/battles\/00000000-/, async (route) => {
    const id = first.items[0]?.id ?? "";
    const asked = route.request().url();
    const report = await route.fetch({ url: asked.replace(/00000000-[0-9a-f-]{27}/, id) });
    await route.fulfill({ response: report, body: (await report.text()).replaceAll(id, asked.split("/")[5] ?? "") });
  });
  await page.route(/\/api\/battles\?/, async (route) => {
    const query = new URL(route.request().url()).searchParams;
    if (query.has("status")) return route.fulfill({ json: { ...first, items: [] } });
    const from = Number(query.get("cursor") ?? 0);
    const to = from + Number(query.get("limit"));
    const hasMore = to < rows.length;
    const nextCursor = hasMore ? String(to) : null;
    await route.fulfill({
      json: { ...first, items: rows.slice(from, to), nextCursor, hasMore, totalCount: rows.length },
    });
  });
  return rows;
}

/** The image host does not exist for a demo: the one question to it fails. */
function isExpected(text: string): boolean {
  return /net::ERR_(NAME_NOT_RESOLVED|INTERNET_DISCONNECTED|CONNECTION|TUNNEL|PROXY|CERT|FAILED)/.test(text);
}

const AXE = readFileSync(join(import.meta.dirname, "node_modules", "axe-core", "axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"];

/** Violations of WCAG 2.1 A and AA, one line each. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async (rules) => {
    type Axe = {
      run: (
        options: object,
      ) => Promise<{ violations: { id: string; nodes: { target: string[]; failureSummary: string }[] }[] }>;
    };
    const { axe } = window as unknown as { axe: Axe };
    const result = await axe.run({ runOnly: rules });
    return result.violations.flatMap((one) =>
      one.nodes
        .slice(0, 3)
        .map((node) => `${one.id}: ${node.target.join(" ")} ${node.failureSummary.split("\n")[1] ?? ""}`),
    );
  }, RULES);
}

/** What hangs out of the page, and text that is cut without a way to see it. */
export function clipped(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
    if (wide > 0) found.push(`the page is ${wide} px wider than the window`);
    const isCut = (element: Element) => element.scrollWidth > element.clientWidth + 1;
    for (const element of document.querySelectorAll("main *, header *")) {
      const style = getComputedStyle(element);
      if (style.textOverflow === "ellipsis" || style.overflowX !== "hidden" || element.closest(".sr, svg, [role=img]"))
        continue;
      if (isCut(element) && element.clientWidth > 0 && element.textContent?.trim()) {
        found.push(`${element.tagName} ${element.className}: ${element.textContent.trim().slice(0, 40)}`);
      }
    }
    return found;
  });
}

/** The elements that make the page wider than the window. */
export function sticksOut(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.querySelectorAll("body *")]
      .filter((element) => element.getBoundingClientRect().right > width + 0.5)
      .slice(-6)
      .map((element) => `${element.tagName} ${element.className}: ${(element.textContent ?? "").slice(0, 40)}`);
  });
}

/** What has more to its right than it shows; rows of buttons, which are swiped, have no scrollbar. */
export function scrollsSideways(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll("main *:not(.no-scrollbar)")]
      .filter((element) => /auto|scroll/.test(getComputedStyle(element).overflowX))
      .filter((element) => element.scrollWidth > element.clientWidth)
      .map((element) => `${element.getAttribute("aria-label") ?? element.className}: ${element.scrollWidth} px`),
  );
}

/** A one-time link by which a browser may make changes. */
export async function ownerLink(system: System): Promise<string> {
  const { stdout } = await promisify(execFile)(BATTLESCOPE, ["--data", system.data, "login"]);
  const link = /http:\S+code=\S+/.exec(stdout)?.[0];
  if (!link) throw new Error(`No link in: ${stdout}`);
  return link;
}
