/** The search page, against the index of a demo. */

import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import { system, withPage } from "./demo.ts";
import { AWAY, answerWith, battle } from "./indexed.ts";
import { clipped, describe, sticksOut, test, until, violations, WIDTHS } from "./support.ts";

/** Where the page has other forms. */
const BETWEEN = [360, 768, 1024, 1280] as const;
const FILTER_MS = 30_000;

describe("the search page", () => {
  const rows = (page: Page) => page.locator("main [role=listitem] [data-row]");

  test("finds battles by what was in them, with the match marked and all of it in the address", () =>
    withPage(async (page, errors) => {
      await page.goto(`${system.url}/search`);
      await page.getByRole("searchbox", { name: /Names/ }).fill(battle.systemName);
      await page.waitForURL((url) => url.searchParams.get("q") === battle.systemName);
      const row = page.getByRole("listitem").filter({ has: page.locator(`a[href="/battles/${battle.id}"]`) });
      await row.locator("mark").first().waitFor();
      await page.getByRole("region", { name: "Names" }).getByText(battle.systemName).first().waitFor();
      await row.locator("a").click();
      await page.waitForURL(new RegExp(`/battles/${battle.id}$`));
      await page.goBack();
      await row.waitFor();
      assert.equal(await page.getByRole("searchbox", { name: /Names/ }).inputValue(), battle.systemName);
      assert.deepEqual(errors, []);
    }));

  test("filters, facets and ranges change the address and the hits as the server counts them", () =>
    withPage(async (page) => {
      await page.goto(`${system.url}/search`);
      const filters = page.getByRole("region", { name: "Filters" });
      const space = filters.getByRole("group", { name: "Space" });
      const [label, hits] = await firstWithHits(space);
      await space.getByRole("checkbox", { name: label }).check();
      await page.waitForURL(/space=/);
      await page
        .getByRole("status")
        .filter({ hasText: new RegExp(`^${hits} battles?$`) })
        .waitFor();
      const range = filters.getByRole("textbox", { name: "Kills, at least" });
      await range.fill("3");
      await range.press("Enter");
      await page.waitForURL(/kills=3/);
      await page.getByRole("button", { name: "Remove the filter Kills at least 3" }).click();
      await page.waitForURL((url) => !url.searchParams.has("kills"));
      await page.getByRole("combobox", { name: "Order" }).selectOption("Most killmails");
      await page.waitForURL(/sort=kills/);
      const request = page.waitForRequest(/\/api\/search\/battles/);
      await page.reload();
      assert.deepEqual((await request).postDataJSON().sort, { by: "totalKills" });
    }));

  test("killmails: by the most expensive, a class of hull, and each opens in its battle", () =>
    withPage(async (page) => {
      await page.goto(`${system.url}/search?type=killmails&sort=isk`);
      await rows(page).first().waitFor();
      const hulls = page.getByRole("group", { name: "Class of the ship lost" });
      const [label, hits] = await firstWithHits(hulls);
      await hulls.getByRole("checkbox", { name: label }).check();
      await page.waitForURL(/hull=/);
      await until(`${hits} killmails`, FILTER_MS, async () => {
        const found = await total(page);
        return hits.endsWith("+") ? found >= figure(hits) : found === figure(hits);
      });
      await page.locator('main a[data-row][href^="/battles/"]').first().click();
      await page.waitForURL(/\/battles\/.*\/kills\?mail=\d+/);
      await page.getByRole("dialog").waitFor();
    }));

  test("more hits come while it is scrolled, and by a button", () =>
    withPage(async (page) => {
      await page.goto(`${system.url}/search?type=killmails`);
      await rows(page).first().waitFor();
      const all = await total(page);
      assert.ok(all > 75, `${all} killmails are too few to turn two pages`);
      const loaded = async () => Number(await page.getByRole("listitem").last().getAttribute("aria-setsize"));
      await page.mouse.move(700, 500);
      for (let turns = 0; (await loaded()) <= 50 && turns < 50; turns++) {
        await page.mouse.wheel(0, 1000);
        await page.waitForTimeout(200);
      }
      assert.ok((await loaded()) > 50);
      const before = await loaded();
      if (before < all) {
        await page.getByRole("button", { name: "More killmails" }).press("Enter");
        await page.waitForFunction(
          (known) => Number(document.querySelector("main [role=listitem]")?.getAttribute("aria-setsize")) > known,
          before,
        );
      }
    }));

  test("by keys alone: text, row, report", () =>
    withPage(async (page) => {
      await page.goto(`${system.url}/`);
      await page.locator("main h1").first().waitFor();
      await page.keyboard.press("g");
      await page.keyboard.press("s");
      await page.waitForURL(/\/search$/);
      await rows(page).first().waitFor();
      await page.keyboard.press("Tab");
      await page.keyboard.type(battle.systemName);
      await page.waitForURL(/q=/);
      await page.locator("mark").first().waitFor();
      await page.getByRole("searchbox", { name: /Names/ }).evaluate((element: HTMLElement) => element.blur());
      await page.keyboard.press("j");
      await page.keyboard.press("Enter");
      await page.waitForURL(/\/battles/);
    }));

  test("names: all kinds, each with its battles", () =>
    withPage(async (page) => {
      const { allianceName = "", allianceId = "" } = battle.mainAlliances[0] ?? {};
      await page.goto(`${system.url}/search?type=names&q=${encodeURIComponent(allianceName)}`);
      await page.getByRole("region", { name: "Alliances" }).getByRole("link").first().click();
      await page.waitForURL(new RegExp(`alliance=${allianceId}`));
      await page.goto(`${system.url}/search?type=names`);
      await page.getByText("Type a name").waitFor();
    }));

  test("a name becomes a filter, which means this one alone and says its name", () =>
    withPage(async (page) => {
      await page.goto(`${system.url}/search?q=${encodeURIComponent(battle.systemName)}`);
      await page.getByRole("button", { name: `Search with ${battle.systemName} as a filter` }).click();
      await page.waitForURL(new RegExp(`/search\\?system=${battle.systemId}$`));
      await page.getByRole("button", { name: `Remove the filter System ${battle.systemName}` }).waitFor();
      await page.locator(`main a[href="/battles/${battle.id}"]`).waitFor();
      assert.equal(await page.getByRole("searchbox", { name: /Names/ }).inputValue(), "");
    }));

  test("nothing found names the filter to drop; what an address cannot mean is taken out of it", () =>
    withPage(async (page) => {
      await page.goto(`${system.url}/search?kills=900000..&nonsense=1&hull=barge&from=2026-13-40`);
      await page.waitForURL(/\/search\?kills=900000\.\.$/);
      await page.getByRole("button", { name: "Drop Kills at least 900000" }).click();
      await rows(page).first().waitFor();
    }));

  test("while the search is away battles come from the list by whole names, and it recovers alone", () =>
    withPage(async (page) => {
      const recover = await answerWith(page, /\/api\/search\/(battles|global)/, 503, AWAY);
      await page.goto(`${system.url}/search?q=${encodeURIComponent(battle.systemName)}`);
      await page.getByText("The search does not answer.", { exact: true }).waitFor();
      await page.locator(`main a[href="/battles/${battle.id}"]`).waitFor();
      assert.deepEqual(await violations(page), []);
      await recover();
      await page.locator("mark").first().waitFor({ timeout: 30_000 });
      await page.getByText("The search does not answer.", { exact: true }).waitFor({ state: "detached" });
    }));

  test("killmails that cannot be searched are an error with another try", () =>
    withPage(async (page) => {
      const recover = await answerWith(page, /\/api\/search\/killmails/, 500, { ...AWAY, message: "It failed." });
      await page.goto(`${system.url}/search?type=killmails`);
      await page.getByText("Killmails cannot be searched.").waitFor();
      await recover();
      await page.getByRole("button", { name: "Try again" }).click();
      await rows(page).first().waitFor();
    }));

  test("names that are long or of other scripts break nothing, at any width", async () => {
    for (const width of [...BETWEEN, ...WIDTHS]) {
      await withPage(async (page, errors) => {
        await page.route(/\/api\/search\/(battles|killmails|global)/, async (route) => {
          const answer = await route.fetch();
          await route.fulfill({ response: answer, json: harsh(await answer.json()) });
        });
        for (const path of [
          `/search?q=${encodeURIComponent(battle.systemName)}`,
          `/search?type=killmails&system=${battle.systemId}`,
          `/search?type=names&q=${encodeURIComponent(battle.systemName)}`,
        ]) {
          await page.goto(system.url + path);
          await page.locator("main [data-row]").first().waitFor();
          const found = [...(await clipped(page)), ...(await sticksOut(page))];
          if (WIDTHS.some((one) => one === width)) found.push(...(await violations(page)));
          assert.deepEqual(found, [], `${path} at ${width}`);
        }
        assert.deepEqual(errors, []);
      }, width);
    }
  });

  test("on a phone the filters are a sheet that says how much they leave", () =>
    withPage(async (page) => {
      await page.goto(`${system.url}/search`);
      await page.getByRole("button", { name: "Filters" }).click();
      const sheet = page.getByRole("dialog", { name: "Filters" });
      const space = sheet.getByRole("group", { name: "Space" });
      const [label, hits] = await firstWithHits(space);
      await space.getByRole("checkbox", { name: label }).check();
      await sheet.getByRole("button", { name: new RegExp(`^Show ${hits} battle`) }).click();
      await sheet.waitFor({ state: "detached" });
      await page.getByRole("button", { name: "Filters (1)" }).waitFor();
    }, 390));
});

/** How many killmails the page says that it found. */
async function total(page: Page): Promise<number> {
  const total = page.getByRole("status").filter({ hasText: /killmails?$/ });
  return figure(await total.innerText());
}

/** The number in "76 killmails", "2+" or "at least 10k killmails". */
function figure(text: string): number {
  const [, digits = "", thousands] = /([\d.,]+)(k?)/.exec(text) ?? [];
  return Number(digits.replaceAll(",", "")) * (thousands ? 1000 : 1);
}

/** The name of the first choice of a facet that has hits, and how many. */
async function firstWithHits(facet: Locator): Promise<[label: string, hits: string]> {
  const choice = facet.locator("label").filter({ hasText: /[1-9]/ }).first();
  await choice.waitFor();
  const [label = "", hits = ""] = (await choice.innerText()).split("\n").map((line) => line.trim());
  return [label, hits];
}

const LONG = "W".repeat(90);
const NAMES = [LONG, "漢字の名前を持つ同盟連合会社", "تحالف النجوم البعيدة", "Ωmega Ünïted Þorn"] as const;

/** The same answer with such names everywhere. */
function harsh(value: unknown, key = "", index = 0): unknown {
  if (Array.isArray(value)) return value.map((one, at) => harsh(one, key, at));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, harsh(one, name, index)]));
  }
  return typeof value === "string" && /name$/i.test(key) ? NAMES[index % NAMES.length] : value;
}
