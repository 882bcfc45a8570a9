/** The search box of every page, and the search page, against the index of a demo. */

import assert from "node:assert/strict";
import type { Browser, Locator, Page } from "playwright-core";
import {
  before,
  clipped,
  describe,
  largestWithAlliance,
  openPage,
  type System,
  shared,
  sticksOut,
  THEMES,
  test,
  until,
  violations,
  WIDTHS,
} from "./support.ts";

/** Where the page has other forms. */
const BETWEEN = [360, 768, 1024, 1280] as const;
const INDEX_MS = 60_000;

type Detail = {
  id: string;
  systemId: string;
  systemName: string;
  mainAlliances: { allianceId: string; allianceName: string }[];
  killmails: { killmailId: string; victimCharacterName: string | null }[];
};

let system: System;
let browser: Browser;
let battle: Detail;

before(async () => {
  ({ system, browser } = await shared());
  battle = await largestWithAlliance<Detail>(system.url);
  // A battle is found within seconds after it is listed.
  await until("the battle in the index", INDEX_MS, async () => {
    const answer = await fetch(`${system.url}/api/search/global?q=${battle.id}`);
    return ((await answer.json()) as { battles: unknown[] }).battles.length > 0;
  });
});

async function withPage(run: (page: Page, errors: string[]) => Promise<void>, width = 1440): Promise<void> {
  const { page, context, errors } = await openPage(browser, width, "dark");
  try {
    await run(page, errors);
  } finally {
    await context.close();
  }
}

const field = (page: Page): Locator => page.getByRole("combobox", { name: /killmail$/ });
const options = (page: Page): Locator => page.getByRole("listbox").getByRole("option");
const group = (page: Page, name: string): Locator => page.getByRole("group", { name, exact: true });

async function openPalette(page: Page, path = "/battles"): Promise<void> {
  await page.goto(system.url + path);
  await page.locator("main h1").first().waitFor();
  await page.keyboard.press("/");
  await field(page).waitFor();
}

/** Answer requests of this kind so, until the returned function is called. */
async function answerWith(page: Page, path: RegExp, status: number, body: object): Promise<() => Promise<void>> {
  await page.route(path, (route) =>
    route.fulfill({ status, contentType: "application/json", body: JSON.stringify(body) }),
  );
  return () => page.unroute(path);
}

const AWAY = { error: "unavailable", message: "The search does not answer.", requestId: "r1" };

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

  test("nothing found, too short, and names of long or other scripts are said and drawn", () =>
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

  test("names alone, too many searches, and a browser that is offline are said", () =>
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
        .filter({ hasText: saysHits(hits, "battle") })
        .waitFor();
      const range = filters.getByRole("textbox", { name: "Mails, at least" });
      await range.fill("3");
      await range.press("Enter");
      await page.waitForURL(/kills=3/);
      await page.getByRole("button", { name: "Remove the filter Mails at least 3" }).click();
      await page.waitForURL((url) => !url.searchParams.has("kills"));
      await page.getByRole("combobox", { name: "Order" }).selectOption("Most killmails");
      await page.waitForURL(/sort=kills/);
      const request = page.waitForRequest(/\/api\/search\/battles/);
      await page.reload();
      assert.deepEqual((await request).postDataJSON().sort, { by: "totalKills" });
    }));

  test("killmails: by the dearest, a class of hull, and each opens in its battle", () =>
    withPage(async (page) => {
      await page.goto(`${system.url}/search?type=killmails&sort=isk`);
      await rows(page).first().waitFor();
      const hulls = page.getByRole("group", { name: "Class of the ship lost" });
      const [label, hits] = await firstWithHits(hulls);
      await hulls.getByRole("checkbox", { name: label }).check();
      await page.waitForURL(/hull=/);
      await page
        .getByRole("status")
        .filter({ hasText: saysHits(hits, "killmail") })
        .waitFor();
      await page.locator('main a[data-row][href^="/battles/"]').first().click();
      await page.waitForURL(/\/battles\/.*\/kills\?mail=\d+/);
      await page.getByRole("dialog").waitFor();
    }));

  test("more hits come while it is scrolled, and by a button", () =>
    withPage(async (page) => {
      await page.goto(`${system.url}/search?type=killmails`);
      await rows(page).first().waitFor();
      const said = await page
        .getByRole("status")
        .filter({ hasText: /killmails$/ })
        .innerText();
      // Ten thousand and more are said as `at least 10k`.
      const all = Number(said.replace(/\D/g, "")) * (/\dk /.test(said) ? 1000 : 1);
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
      await page.getByRole("button", { name: "Drop Mails at least 900000" }).click();
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

/** The name of the first choice of a facet that has hits, and how many. */
async function firstWithHits(facet: Locator): Promise<[label: string, hits: string]> {
  const choice = facet.locator("label").filter({ hasText: /[1-9]/ }).first();
  await choice.waitFor();
  const [label = "", hits = ""] = (await choice.innerText()).split("\n").map((line) => line.trim());
  return [label, hits];
}

/** What is said of so many hits; of `12+`, where the server counted a part of them, any number. */
function saysHits(hits: string, noun: string): RegExp {
  return hits.endsWith("+") ? new RegExp(`\\d.* ${noun}s?$`) : new RegExp(`^${hits} ${noun}s?$`);
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
