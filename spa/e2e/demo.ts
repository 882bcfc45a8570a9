/** What most tests look at: the system and the browser of all, and a battle with much in it. */

import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { type Battle, before, isRealDay, list, openPage, type System, shared } from "./support.ts";

export const TABS = [
  "",
  "/kills",
  "/timeline",
  "/composition",
  "/participants",
  "/replay",
  "/why",
  "/history",
] as const;

export let system: System;
export let browser: Browser;
/** The largest battle, or the largest with a third party. */
export let largest: Battle;

before(async () => {
  ({ system, browser } = await shared());
  const battles = await list(system.url);
  const found = isRealDay()
    ? battles[0]
    : (battles.find((battle) => battle.sides.some((side) => side.role !== "main")) ?? battles[0]);
  assert.ok(found);
  largest = found;
});

export async function withPage(run: (page: Page, errors: string[]) => Promise<void>, width = 1440): Promise<void> {
  const { page, context, errors } = await openPage(browser, width, "dark");
  try {
    await run(page, errors);
  } finally {
    await context.close();
  }
}

/** The address of the battle, or of a tab of its report. */
export const report = (tab = "") => `${system.url}/battles/${largest.id}${tab}`;

/** Wait until the page has its data. */
export async function shown(page: Page): Promise<void> {
  await page.locator("main h1").first().waitFor();
  // The page of components shows a block that loads for ever.
  if (page.url().endsWith("/_kit")) return;
  await page.locator("[aria-busy=true]").first().waitFor({ state: "detached" });
}
