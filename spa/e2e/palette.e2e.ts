/** The search box of every page, against the index of a demo. */

import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import { browser, system, withPage } from "./demo.ts";
import { AWAY, answerWith, battle } from "./indexed.ts";
import { describe, openPage, sticksOut, THEMES, test, violations, WIDTHS } from "./support.ts";

const field = (page: Page): Locator => page.getByRole("combobox", { name: /killmail$/ });
const options = (page: Page): Locator => page.getByRole("listbox").getByRole("option");
const group = (page: Page, name: string): Locator => page.getByRole("group", { name, exact: true });

async function openPalette(page: Page, path = "/battles"): Promise<void> {
  await page.goto(system.url + path);
  await page.locator("main h1").first().waitFor();
  await page.keyboard.press("/");
  await field(page).waitFor();
}

describe("the search box", () => {
  test("opens by /, Ctrl K, ⌘ K and a click, has the focus, and gives it back", () =>
    withPage(async (page) => {
      await openPalette(page);
      for (const key of ["Control+k", "Meta+k"]) {
        await page.keyboard.press("Escape");
        await field(page).waitFor({ state: "detached" });
        await page.keyboard.press(key);
        await field(page).waitFor();
        assert.equal(await field(page).evaluate((element) => element === document.activeElement), true);
      }
      await page.keyboard.press("Escape");
      const button = page.getByRole("button", { name: "Search: Pilot, alliance, system, ship or battle" });
      await button.click();
      await field(page).waitFor();
      await page.keyboard.press("Escape");
      await field(page).waitFor({ state: "detached" });
      assert.equal(await button.evaluate((element) => element === document.activeElement), true);
    }));

  test("the first choice is what was meant, its match is marked, and Enter opens its battles", () =>
    withPage(async (page, errors) => {
      await openPalette(page);
      const typed = battle.systemName.slice(0, -1);
      await field(page).fill(typed);
      const option = group(page, "Systems").getByRole("option").first();
      await option.waitFor();
      assert.equal((await option.locator("mark").innerText()).toLowerCase(), typed.toLowerCase());
      await field(page).fill(battle.systemName);
      await page.keyboard.press("Enter");
      await page.waitForURL(new RegExp(`/battles\\?system=${battle.systemId}$`));
      await page.getByRole("button", { name: `Remove the filter System ${battle.systemName}` }).waitFor();
      await page.locator(`a[href="/battles/${battle.id}"]`).first().waitFor();
      assert.deepEqual(errors, []);
    }));

  test("Enter at once after typing waits for the answer", () =>
    withPage(async (page) => {
      await openPalette(page);
      await page.route(/\/api\/search\/global/, async (route) => {
        await new Promise((resolve) => setTimeout(resolve, 600));
        await route.continue();
      });
      await page.keyboard.type(battle.systemName);
      await page.keyboard.press("Enter");
      await page.waitForURL(new RegExp(`system=${battle.systemId}`));
    }));

  test("arrows go through all choices and around, and a screen reader learns of each", () =>
    withPage(async (page) => {
      await openPalette(page);
      await field(page).fill(battle.systemName);
      await group(page, "Systems").getByRole("option").first().waitFor();
      const active = () =>
        field(page).evaluate((element) => {
          const id = element.getAttribute("aria-activedescendant") ?? "";
          return document.getElementById(id)?.getAttribute("aria-selected") === "true" && id;
        });
      const choices = await options(page).count();
      const seen = new Set<string>();
      for (let press = 0; press < choices; press++) {
        seen.add(String(await active()));
        await page.keyboard.press("ArrowDown");
      }
      assert.equal(seen.size, choices);
      assert.ok(!seen.has("false"));
      assert.ok(seen.has(String(await active())), "the last leads to the first");
      assert.deepEqual(await violations(page), []);
    }));

  test("what goes on being typed ends the request before, and asks once it rests", () =>
    withPage(async (page) => {
      await openPalette(page);
      const asked: string[] = [];
      const ended: string[] = [];
      const textOf = (url: string) => new URL(url).searchParams.get("q") ?? "";
      page.on("request", (request) => request.url().includes("/search/global") && asked.push(textOf(request.url())));
      page.on("requestfailed", (request) => ended.push(textOf(request.url())));
      await page.route(/\/search\/global\?q=ab&/, () => new Promise(() => undefined));
      await page.keyboard.type("abc", { delay: 10 });
      await page.keyboard.press("Backspace");
      await page.waitForRequest(/\/search\/global\?q=ab&/);
      await field(page).fill(battle.systemName);
      await group(page, "Systems").getByRole("option").first().waitFor();
      assert.deepEqual(asked, ["ab", battle.systemName]);
      assert.deepEqual(ended, ["ab"]);
    }));

  test("what was chosen is offered again, ten at most, and pages by >", () =>
    withPage(async (page) => {
      await openPalette(page);
      await field(page).fill(battle.systemName);
      await group(page, "Systems").getByRole("option").first().click();
      await page.waitForURL(/system=/);
      await page.keyboard.press("/");
      const recent = group(page, "Recent").getByRole("option").first();
      await recent.waitFor();
      assert.match(await recent.innerText(), new RegExp(battle.systemName));
      await field(page).fill("> ongoing");
      await page.keyboard.press("Enter");
      await page.waitForURL(/status=open/);
    }));

  test("@ has pilots alone, # systems alone, a killmail is found by its number and opens in its battle", () =>
    withPage(async (page) => {
      await openPalette(page);
      const pilot = battle.killmails.find((killmail) => killmail.victimCharacterName)?.victimCharacterName ?? "";
      await field(page).fill(`@${pilot}`);
      await group(page, "Pilots").getByRole("option").first().waitFor();
      assert.deepEqual(await names(page), ["Pilots", "Search"]);
      await field(page).fill(`#${battle.systemName}`);
      await group(page, "Systems").getByRole("option").first().waitFor();
      assert.deepEqual(await names(page), ["Systems", "Search"]);
      const id = battle.killmails[0]?.killmailId ?? "";
      await field(page).fill(id);
      await group(page, "Killmails").getByRole("option").first().click();
      await page.waitForURL(new RegExp(`/battles/${battle.id}/kills\\?mail=${id}$`));
    }));

  test("a link to a battle finds it", () =>
    withPage(async (page) => {
      await openPalette(page);
      await field(page).fill(`${system.url}/battles/${battle.id}`);
      await group(page, "Battles").getByRole("option").first().click();
      await page.waitForURL(new RegExp(`/battles/${battle.id}$`));
    }));

  test("nothing found, too short, and names of long or other scripts are drawn", () =>
    withPage(async (page) => {
      await openPalette(page);
      await field(page).fill("q");
      await page.getByText("Two characters are needed").waitFor();
      await field(page).fill("xqzwv kjhgf");
      await page.getByText(/Nothing is called/).waitFor();
      assert.deepEqual(await violations(page), []);
    }));

  test("while the search is away whole names are offered, and it recovers alone", () =>
    withPage(async (page) => {
      await openPalette(page);
      const recover = await answerWith(page, /\/api\/search\/global/, 503, AWAY);
      await field(page).fill(battle.systemName);
      await page.getByRole("alert").getByText(AWAY.message).waitFor();
      const byName = group(page, "Battles by a whole name").getByRole("option");
      assert.match(await byName.first().innerText(), new RegExp(`in the system ${battle.systemName}`));
      assert.deepEqual(await violations(page), []);
      await recover();
      await page.getByRole("button", { name: "Try again" }).click();
      await group(page, "Systems").getByRole("option").first().waitFor();
      await page.getByRole("alert").waitFor({ state: "detached" });
    }));

  test("names alone, too many searches, and a browser that is offline have messages", () =>
    withPage(async (page) => {
      await openPalette(page);
      let recover = await answerWith(page, /\/api\/search\/global/, 429, {
        error: "too_many_requests",
        message: "Too many searches.",
        requestId: "r1",
        retryAfter: 30,
      });
      await field(page).fill("aaa");
      await page.getByRole("alert").getByText("Too many searches.").waitFor();
      await page
        .getByRole("alert")
        .getByText(/Trying again in \d+ s/)
        .waitFor();
      await recover();
      recover = await answerWith(page, /\/api\/search\/global/, 200, {
        status: "degraded",
        processingTimeMs: 1,
        query: "bbb",
        battles: null,
        killmails: null,
        entities: { alliances: [], corporations: [], characters: [] },
        systems: [],
        ships: [],
        totalResults: { battles: 0, killmails: 0, entities: 0, systems: 0, ships: 0 },
      });
      await field(page).fill("bbb");
      await page.getByText("The search for battles does not answer.").waitFor();
      await recover();
      await page.context().setOffline(true);
      await field(page).fill("ccc");
      await page.getByRole("alert").getByText("This browser is offline.").waitFor();
      await page.context().setOffline(false);
      await page.getByRole("alert").waitFor({ state: "detached" });
    }));

  for (const width of WIDTHS) {
    for (const theme of THEMES) {
      test(`has no violation and no cut text at ${width} in ${theme}`, async () => {
        const { page, context, errors } = await openPage(browser, width, theme);
        await page.goto(`${system.url}/battles`);
        await page.locator("[data-row]").first().waitFor();
        await page
          .getByRole("button", { name: /^Search/ })
          .last()
          .click();
        for (const typed of ["", battle.systemName, "> "]) {
          await field(page).fill(typed);
          await options(page).first().waitFor();
          await page.locator("[role=listbox][aria-busy=false]").waitFor();
          assert.deepEqual([...(await violations(page)), ...(await sticksOut(page))], [], `after "${typed}"`);
        }
        await context.close();
        assert.deepEqual(errors, []);
      });
    }
  }
});

async function names(page: Page): Promise<(string | null)[]> {
  return page
    .getByRole("listbox")
    .getByRole("group")
    .evaluateAll((groups) => groups.map((one) => one.getAttribute("aria-label")));
}
