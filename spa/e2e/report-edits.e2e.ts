/** Changes of battles by people: at once on the page, taken back by Undo, by the pointer and by keys. */

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { system, withPage } from "./demo.ts";
import { type Battle, list, ownerLink, test, until } from "./support.ts";

const MOST_TABS = 400;
const ENDED_MS = 6 * 60_000;

test("a pin moves a party at once, and Undo takes it back", async () => {
  const candidate = await quiet();
  await withPage(async (page) => {
    await page.goto(await ownerLink(system));
    await page.goto(`${system.url}/battles/${candidate.id}`);
    const second = page.getByRole("table", { name: "Parties of side 2" });
    const party = second.getByRole("row").nth(1);
    await party.waitFor();
    const name = (await party.getByRole("link").innerText()).trim();
    await party.getByRole("button", { name: /^More about/ }).click();
    await page.getByRole("menuitem", { name: "side 1", exact: false }).last().click();
    await accepted(page, /is on side 1/);
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByRole("status").getByText("Undone").waitFor({ timeout: EDIT_MS });
    await page.getByRole("table", { name: "Parties of side 2" }).getByText(name).first().waitFor({ timeout: EDIT_MS });
  });
});

test("a name is shown at once, and Undo takes it away", async () => {
  const candidate = await quiet();
  await withPage(async (page) => {
    await page.goto(await ownerLink(system));
    await page.goto(`${system.url}/battles/${candidate.id}`);
    await page.getByRole("button", { name: "Name" }).click();
    await page.getByRole("textbox", { name: "Name" }).fill("The Long Evening");
    await page.getByRole("button", { name: "Save the name" }).click();
    await accepted(page, /is called “The Long Evening”/);
    await page.locator("header").getByText("“The Long Evening”", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Undo" }).click({ timeout: EDIT_MS });
    await page.getByText("Undone").waitFor({ timeout: EDIT_MS });
    await page.getByRole("button", { name: "Name", exact: true }).waitFor({ timeout: EDIT_MS });
  });
});

test("a party is dragged to another side, and Undo takes it back", async () => {
  const candidate = await quiet();
  await withPage(async (page) => {
    await page.goto(await ownerLink(system));
    await page.goto(`${system.url}/battles/${candidate.id}`);
    const party = page.getByRole("table", { name: "Parties of side 2" }).getByRole("row").nth(1);
    await party.waitFor();
    await party.dragTo(page.getByRole("region", { name: /^Side 1,/ }).getByRole("heading", { level: 2 }));
    await accepted(page, /is on side 1/);
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByRole("status").getByText("Undone").waitFor({ timeout: EDIT_MS });
  });
});

test("a pilot is removed from a killmail, History shows it, and it is undone there", async () => {
  const candidate = await quiet();
  await withPage(async (page) => {
    await page.goto(await ownerLink(system));
    await page.goto(`${system.url}/battles/${candidate.id}/kills`);
    await page.locator("[data-row]").first().click();
    const panel = page.getByRole("dialog");
    await panel
      .getByRole("button", { name: /^Remove .* from this killmail$/ })
      .first()
      .click();
    await page.keyboard.press("Escape");
    await accepted(page, /does not count on this killmail any more/);
    await page.getByRole("link", { name: /^History/ }).click();
    const changes = page.getByRole("region", { name: "Changes by people" });
    await changes.getByText("A pilot removed from a killmail").first().waitFor();
    await changes.getByRole("button", { name: "Undo" }).first().click();
    await page.getByRole("status").getByText("Undone").waitFor({ timeout: EDIT_MS });
  });
});

test("by keys alone: list, report, pin a side, undo, search box, kill", async () => {
  const candidate = await quiet();
  await withPage(async (page) => {
    await page.goto(await ownerLink(system));
    await page.goto(`${system.url}/battles?sort=kills`);
    await tabTo(page, (focused) => focused.href.endsWith(`/battles/${candidate.id}`));
    await page.keyboard.press("Enter");
    await page.getByRole("table", { name: "Parties of side 2" }).waitFor();
    await tabTo(page, (focused) => focused.table === "Parties of side 2" && focused.name.startsWith("More about"));
    await page.keyboard.press("Enter");
    await page.getByRole("menu").waitFor();
    await arrowTo(page, "side 1");
    await page.keyboard.press("Enter");
    await accepted(page, /is on side 1/);
    await tabTo(page, (focused) => focused.name === "Undo");
    await page.keyboard.press("Enter");
    await page.getByRole("status").getByText("Undone").waitFor({ timeout: EDIT_MS });
    const detail = await fetch(`${system.url}/api/battles/${candidate.id}`);
    const { killmails } = (await detail.json()) as { killmails: { killmailId: string }[] };
    const killmailId = killmails[0]?.killmailId ?? "";
    await page.keyboard.press("/");
    await page.getByRole("combobox", { name: /killmail$/ }).waitFor();
    await page.keyboard.type(killmailId);
    await page.getByRole("group", { name: "Killmails" }).getByRole("option").first().waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL(new RegExp(`/kills\\?mail=${killmailId}`));
    await page.getByRole("dialog").getByRole("region", { name: "Why it is here" }).waitFor();
  });
});

type Focused = { name: string; href: string; table: string };

/** Press Tab until the focus is where it should be. */
async function tabTo(page: Page, isThere: (focused: Focused) => boolean): Promise<void> {
  for (let presses = 0; presses < MOST_TABS; presses++) {
    await page.keyboard.press("Tab");
    const focused = await page.evaluate(() => {
      const element = document.activeElement;
      return {
        name: element?.getAttribute("aria-label") ?? element?.textContent?.trim() ?? "",
        href: element instanceof HTMLAnchorElement ? element.href : "",
        table: element?.closest("table")?.caption?.textContent ?? "",
      };
    });
    if (isThere(focused)) return;
  }
  assert.fail(`The focus does not come there with ${MOST_TABS} presses of Tab.`);
}

/** Press the arrow until the choice of a menu with this text has the focus. */
async function arrowTo(page: Page, text: string): Promise<void> {
  for (let presses = 0; presses < MOST_TABS; presses++) {
    await page.keyboard.press("ArrowDown");
    const focused = await page.evaluate(() => document.activeElement?.textContent ?? "");
    if (focused.includes(text)) return;
  }
  assert.fail(`The menu has no ${text}.`);
}

/** A battle of two sides that is over; in a new demo the first one ends after some minutes. */
async function quiet(): Promise<Battle> {
  let found: Battle | undefined;
  await until("a battle that is over", ENDED_MS, async () => {
    found = (await list(system.url)).find((battle) => battle.status !== "open" && battle.sides.length >= 2);
    return found !== undefined;
  });
  assert.ok(found);
  return found;
}

/** The server answers within ten seconds, or says that it takes effect soon; on a busy machine later. */
const EDIT_MS = 60_000;

/** The demo goes on: a killmail that arrives between reading and editing is a conflict, and the page offers to try again. */
async function accepted(page: Page, message: RegExp): Promise<void> {
  const again = page.getByRole("button", { name: "Do it again" });
  const done = page.getByRole("status").getByText(message);
  for (let tries = 0; tries < 5; tries++) {
    await done.or(again).first().waitFor({ timeout: EDIT_MS });
    if (await done.isVisible()) return;
    await again.first().click();
    await page
      .getByRole("alert")
      .getByRole("button", { name: "Close this message" })
      .first()
      .click()
      .catch(() => undefined);
  }
  assert.fail("Five conflicts one after the other.");
}
