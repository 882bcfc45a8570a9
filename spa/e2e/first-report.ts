/**
 * Seconds from `make demo` to a report in a browser, in a clone of the last commit: the first time and the second.
 *
 * The browser is there before. `make setup` is timed by itself: the first `make demo` begins after it.
 */

import { execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { freePort, openBrowser, openPage, ROOT, until } from "./support.ts";

const PATIENCE_MS = 180_000;

const folder = mkdtempSync(join(tmpdir(), "battlescope-clone-"));
// Under root PostgreSQL runs as another user, who must reach the folder.
chmodSync(folder, 0o755);
const clone = join(folder, "battlescope");
const browser = await openBrowser();
try {
  execFileSync("git", ["clone", "-q", ROOT, clone]);
  const seconds = stopwatch();
  execFileSync("make", ["-s", "setup"], { cwd: clone, stdio: "inherit" });
  console.log(`make setup: ${seconds()} s, load ${loadavg()[0]?.toFixed(1)}`);
  for (const time of ["first", "second"]) console.log(`${time} make demo: ${await demo(browser)}`);
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}

function stopwatch(): () => string {
  const begun = performance.now();
  return () => ((performance.now() - begun) / 1000).toFixed(1);
}

/** What a person sees, and after how many seconds. */
async function demo(browser: Browser): Promise<string> {
  const port = String(await freePort());
  const url = `http://127.0.0.1:${port}`;
  const log = openSync(join(folder, "demo.log"), "a");
  const seconds = stopwatch();
  const child = spawn("make", ["demo", `PORT=${port}`], { cwd: clone, stdio: ["ignore", log, log], detached: true });
  const over = new Promise((resolve) => child.once("exit", resolve));
  const { page, context } = await openPage(browser, 1440, "dark");
  page.setDefaultTimeout(PATIENCE_MS);
  try {
    await until("the address", PATIENCE_MS, async () => (await fetch(url)).ok);
    const address = seconds();
    await page.goto(url);
    await page.getByRole("heading", { name: "New Eden now" }).waitFor();
    const app = seconds();
    await page.locator("[data-row]").first().click();
    await page.getByRole("region", { name: "Score" }).waitFor();
    await page.locator("[aria-busy=true]").first().waitFor({ state: "detached" });
    return `address ${address} s, app ${app} s, report ${seconds()} s, load ${loadavg()[0]?.toFixed(1)}`;
  } finally {
    await context.close();
    // As Ctrl-C of a terminal: all processes of the command.
    if (child.pid) process.kill(-child.pid, "SIGINT");
    await over;
  }
}
