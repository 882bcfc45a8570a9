/** What the page shows while the server is away, slow or refuses, and that it recovers without a reload. */

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { Gate, type Mode } from "./gate.ts";
import { after, before, describe, list, openPage, shared, test } from "./support.ts";

let gate: Gate;
let report = "";

before(async () => {
  const { system } = await shared();
  gate = new Gate(system.url);
  await gate.start();
  const battle = (await list(system.url))[0];
  assert.ok(battle);
  report = `/battles/${battle.id}`;
});

after(() => gate?.stop());

/** The report through the gate, as a page that must live to the end of `run`. */
async function withReport(run: (page: Page) => Promise<void>): Promise<void> {
  const { browser } = await shared();
  const { page, context } = await openPage(browser, 1440, "dark");
  gate.mode = "open";
  gate.refused.length = 0;
  try {
    await page.goto(gate.url + report);
    await page.getByRole("region", { name: "Score" }).waitFor();
    await page.waitForFunction(
      (parts) => {
        const loaded = performance.getEntriesByType("resource").map((entry) => entry.name);
        return parts.every((part) => loaded.some((name) => name.includes(`battles._id.${part}-`)));
      },
      ["history", "kills", "participants"],
    );
    await page.evaluate(() => Object.assign(window, { isSamePage: true }));
    await run(page);
    assert.equal(await page.evaluate(() => "isSamePage" in window), true, "the page was loaded again");
  } finally {
    gate.mode = "open";
    await gate.start();
    await context.close();
  }
}

const strip = (page: Page) => page.getByRole("status").filter({ hasText: "What you see may be old." });
const openTab = (page: Page, name: RegExp) => page.getByRole("link", { name }).first().click();

async function recovers(page: Page, mode: Mode, message: RegExp): Promise<void> {
  gate.mode = mode;
  await openTab(page, /^History/);
  await strip(page).filter({ hasText: message }).waitFor();
  await page.getByRole("heading", { level: 1 }).waitFor();
  gate.mode = "open";
  await page.getByRole("rowheader").first().waitFor();
  await strip(page).waitFor({ state: "detached" });
}

describe("faults while a report is open", () => {
  test("the server is stopped: the report stays; it starts again: the tab is there", () =>
    withReport(async (page) => {
      await gate.stop();
      await openTab(page, /^History/);
      await strip(page)
        .filter({ hasText: /does not answer\. Trying again/ })
        .waitFor();
      await page
        .getByText(/cannot be listed/)
        .first()
        .waitFor();
      await page.getByRole("heading", { level: 1 }).waitFor();
      await openTab(page, /^Kills/);
      await page.locator("[data-row]").first().waitFor();
      await gate.start();
      await openTab(page, /^History/);
      await page.getByRole("rowheader").first().waitFor();
      await strip(page).waitFor({ state: "detached" });
    }));

  test("a server that starts again is found by the page itself, without a click", () =>
    withReport(async (page) => {
      await gate.stop();
      await openTab(page, /^Participants/);
      await page.getByText("The pilots cannot be listed.").waitFor();
      await gate.start();
      await page.getByRole("listitem").first().waitFor();
    }));

  test("the server is slow: what is known stands, a line says that it is asked, the answer comes", () =>
    withReport(async (page) => {
      gate.mode = "slow";
      await openTab(page, /^Participants/);
      await page.locator("[data-busy]").waitFor({ state: "attached" });
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.getByRole("listitem").first().waitFor();
      await page.locator("[data-busy]").waitFor({ state: "detached" });
    }));

  test("too many requests: the page waits as long as the answer demands, and shows it", () =>
    withReport(async (page) => {
      await recovers(page, "limited", /Too many requests\. Trying again in \d s/);
      const asked = gate.refused.filter((path) => path.includes("/revisions"));
      assert.ok(asked.length <= 2, `asked ${asked.length} times within one wait: ${asked.join(" ")}`);
    }));

  test("the login ends: the way to log in, with the way back; after a login elsewhere the report is there", () =>
    withReport(async (page) => {
      gate.mode = "logged-out";
      await openTab(page, /^History/);
      const link = page.getByRole("link", { name: "Log in with EVE Online" });
      await link.waitFor();
      const target = new URL((await link.getAttribute("href")) ?? "", gate.url).searchParams.get("redirect_uri");
      assert.match(target ?? "", /^\/battles\/[0-9a-f-]{36}\/history/);
      gate.mode = "open";
      await page.evaluate(() => window.dispatchEvent(new Event("visibilitychange")));
      await page.getByRole("rowheader").first().waitFor();
    }));

  test("the browser is offline: it says so, what is read stays; online again it goes on", () =>
    withReport(async (page) => {
      await page.context().setOffline(true);
      await page.getByRole("status").filter({ hasText: "This browser is offline." }).waitFor();
      await openTab(page, /^Kills/);
      await page.locator("[data-row]").first().waitFor();
      await openTab(page, /^History/);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.context().setOffline(false);
      await page.getByRole("rowheader").first().waitFor();
      await strip(page).waitFor({ state: "detached" });
    }));
});
