/** Pictures of pages, of all or some: WebP in spa/screenshots, PNG elsewhere. `node e2e/screenshots.ts [folder] [page…]` */

import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Page } from "playwright-core";
import { crowded } from "./shapes.ts";
import { isRealDay, list, openBrowser, openPage, reshape, startSystem, type Theme } from "./support.ts";

const COMMITTED = join(import.meta.dirname, "..", "screenshots");
const folder = resolve(process.argv[2] ?? COMMITTED);
const wanted = process.argv.slice(3);
const BATTLES = 25;
/** Lists without an end are shown as the window shows them. */
const SCROLLED = ["palette", "search", "search-killmails", "battles", "kills", "participants", "history", "timeline"];
mkdirSync(folder, { recursive: true });

const system = await startSystem(BATTLES);
const browser = await openBrowser();
try {
  const battles = await list(system.url);
  const battle = isRealDay() ? battles[0] : (battles.find((one) => one.sides.length > 2) ?? battles[0]);
  const report = `/battles/${battle?.id}`;
  const pages: Record<string, string> = {
    home: "/",
    battles: "/battles",
    summary: report,
    kills: `${report}/kills`,
    timeline: `${report}/timeline`,
    composition: `${report}/composition`,
    participants: `${report}/participants`,
    replay: `${report}/replay`,
    why: `${report}/why`,
    history: `${report}/history`,
    search: `/search?q=${encodeURIComponent(battle?.systemName ?? "")}`,
    "search-killmails": "/search?type=killmails&sort=isk",
    palette: "/battles",
  };
  const kinds: [number, Theme][] = [
    [1440, "dark"],
    [390, "dark"],
    [1440, "light"],
  ];
  for (const [width, theme] of kinds) {
    const { page, context } = await openPage(browser, width, theme);
    for (const [name, path] of Object.entries(pages)) {
      if (wanted.length && !wanted.includes(name)) continue;
      if (theme === "light" && !["summary", "battles"].includes(name)) continue;
      await page.goto(system.url + path);
      await settled(page);
      if (name === "palette") await openPalette(page, battle?.systemName ?? "");
      await save(page, join(folder, `${name}-${width}-${theme}`), !SCROLLED.includes(name));
    }
    await reshape(page, crowded);
    for (const [name, path] of [
      ["crowded", report],
      ["crowded-why", `${report}/why`],
      ["crowded-replay", `${report}/replay`],
    ] as const) {
      if (wanted.length && !wanted.includes(name)) continue;
      if (theme === "light" && name !== "crowded") continue;
      await page.goto(system.url + path);
      await settled(page);
      await save(page, join(folder, `${name}-${width}-${theme}`), true);
    }
    await context.close();
  }
} finally {
  await browser.close();
  await system.stop();
}

/** The page with its data, and figures that have measured their boxes. */
async function settled(page: Page): Promise<void> {
  await page.locator("main h1").first().waitFor();
  await page.locator("[aria-busy=true]").first().waitFor({ state: "detached" });
  await page.waitForTimeout(1000);
}

/** The palette as it is after a few letters. */
async function openPalette(page: Page, name: string): Promise<void> {
  await page.keyboard.press("/");
  await page.getByRole("combobox", { name: /killmail$/ }).fill(name.slice(0, 3));
  await page.getByRole("group", { name: "Systems" }).getByRole("option").first().waitFor();
  await page.waitForTimeout(1000);
}

/** Playwright writes no WebP, the browser does. */
async function save(page: Page, path: string, whole: boolean): Promise<void> {
  if (!whole) return picture(page, path);
  // The window becomes as high as the page: what is fixed to its end, as the pages of a phone, covers nothing else.
  const before = page.viewportSize();
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  if (before) await page.setViewportSize({ width: before.width, height });
  await page.waitForTimeout(300);
  await picture(page, path);
  if (before) await page.setViewportSize(before);
}

async function picture(page: Page, path: string): Promise<void> {
  if (folder !== COMMITTED) {
    await page.screenshot({ path: `${path}.png` });
    return;
  }
  const devtools = await page.context().newCDPSession(page);
  const { data } = await devtools.send("Page.captureScreenshot", {
    format: "webp",
    quality: 60,
  });
  writeFileSync(`${path}.webp`, Buffer.from(data, "base64"));
}
