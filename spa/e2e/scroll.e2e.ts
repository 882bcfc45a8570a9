/** Long pages: where they stand after Back, what is in the document, and that nothing on them moves by itself. */

import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { enlarged } from "./shapes.ts";
import {
  before,
  describe,
  list,
  longList,
  openPage,
  reshape,
  type System,
  shared,
  test,
  violations,
  WIDTHS,
} from "./support.ts";

const BATTLES = 400;
const KILLMAILS = 600;
/** More rows than a window of 900 pixels and those kept ready around it have. */
const MOST_ROWS = 80;
const MIDDLE = 3000;
/** A wheel and the frame after it, also on a busy machine. */
const SETTLE_MS = 100;

let system: System;
let browser: Browser;
let report = "";

before(async () => {
  ({ system, browser } = await shared());
  const battle = (await list(system.url))[0];
  assert.ok(battle);
  report = `${system.url}/battles/${battle.id}`;
});

async function withPage(width: number, run: (page: Page) => Promise<void>): Promise<void> {
  const { page, context, errors } = await openPage(browser, width, "dark");
  try {
    await run(page);
    assert.deepEqual(errors, []);
  } finally {
    await page.unrouteAll({ behavior: "ignoreErrors" });
    await context.close();
  }
}

const rowLinks = (page: Page) => page.locator("[data-row]");

/** Scroll as a person does, so that more pages come, until the place is reached. */
async function scrollDown(page: Page, to: number): Promise<void> {
  await page.mouse.move(200, 400);
  while ((await scrolled(page)) < to) {
    await page.mouse.wheel(0, 600);
    await page.waitForTimeout(SETTLE_MS);
  }
  await page.evaluate((top) => scrollTo(0, top), to);
  await page.waitForTimeout(SETTLE_MS);
  assert.equal(await scrolled(page), to);
}

const scrolled = (page: Page) => page.evaluate(() => Math.round(scrollY));

/** What stands in the middle of the window: its link or text, and where. */
function inMiddle(page: Page): Promise<{ what: string; top: number }> {
  return page.evaluate(() => {
    const row = document.elementFromPoint(innerWidth / 3, innerHeight / 2)?.closest("li, [role=listitem], section");
    return {
      what: (row?.textContent ?? "").slice(0, 80),
      top: Math.round(row?.getBoundingClientRect().top ?? 0),
    };
  });
}

/** Until the place is reached, or for as long as a person would notice. */
async function standsAt(page: Page, place: number, seen: { what: string; top: number }, of = ""): Promise<void> {
  await page.waitForFunction((top) => Math.abs(scrollY - top) < 1, place).catch(() => undefined);
  await page.waitForFunction(() => !document.querySelector("[aria-busy=true]"));
  assert.equal(await scrolled(page), place, of);
  assert.deepEqual(await inMiddle(page), seen, of);
}

describe("a list of 400 battles", () => {
  for (const width of WIDTHS) {
    test(`at ${width}: the document has only the rows in sight, the page has no violation`, () =>
      withPage(width, async (page) => {
        await longList(page, system.url, BATTLES);
        await page.goto(`${system.url}/battles`);
        await rowLinks(page).first().waitFor();
        if (width >= 768) await scrollDown(page, MIDDLE);
        else await page.evaluate((top) => scrollTo(0, top), MIDDLE);
        await page.locator("[aria-posinset]").first().waitFor();
        assert.ok((await rowLinks(page).count()) < MOST_ROWS);
        const day = page.getByRole("heading", { level: 2 }).filter({ visible: true }).first();
        assert.equal(await day.evaluate((head) => Math.round(head.getBoundingClientRect().top)), 0, "the day sticks");
        assert.deepEqual(await violations(page), []);
      }));

    test(`at ${width}: Back from a report comes to the same place`, () =>
      withPage(width, async (page) => {
        await longList(page, system.url, BATTLES);
        await page.goto(`${system.url}/battles`);
        await rowLinks(page).first().waitFor();
        if (width >= 768) await scrollDown(page, MIDDLE);
        else await page.evaluate((top) => scrollTo(0, top), MIDDLE);
        await page.waitForTimeout(300);
        const seen = await inMiddle(page);
        await page.evaluate(() =>
          document
            .elementFromPoint(innerWidth / 3, innerHeight / 2)
            ?.closest("li")
            ?.querySelector("a")
            ?.click(),
        );
        await page.getByRole("region", { name: "Score" }).waitFor();
        assert.equal(await scrolled(page), 0, "a report begins at its top");
        await page.goBack();
        await rowLinks(page).first().waitFor();
        await standsAt(page, MIDDLE, seen);
      }));
  }

  test("a click while the page still scrolls: Back comes to where the click was", () =>
    withPage(1440, async (page) => {
      await longList(page, system.url, BATTLES);
      await page.goto(`${system.url}/battles`);
      await rowLinks(page).first().waitFor();
      await scrollDown(page, MIDDLE);
      const place = await page.evaluate(() => {
        scrollBy(0, 500);
        const place = Math.round(scrollY);
        document.querySelector<HTMLAnchorElement>("header nav a[href='/']")?.click();
        return place;
      });
      await page.waitForURL(/\/$/);
      await page.getByRole("heading", { name: "New Eden now" }).waitFor();
      await page.goBack();
      await rowLinks(page).first().waitFor();
      await page.waitForFunction((top) => Math.abs(scrollY - top) < 1, place);
    }));

  test("by keys: the focus goes on from row to row, also from one that is far out of sight", () =>
    withPage(1440, async (page) => {
      const rows = await longList(page, system.url, BATTLES);
      await page.goto(`${system.url}/battles`);
      await rowLinks(page).first().waitFor();
      const focused = () =>
        page.evaluate(() => Number(document.activeElement?.closest<HTMLElement>("[data-index]")?.dataset.index));
      for (let step = 0; step < 30; step++) await page.keyboard.press("j");
      assert.equal(await focused(), 29);
      await page.evaluate(() => scrollTo(0, 2000));
      await page.locator("[data-index='45']").waitFor();
      await page.keyboard.press("j");
      assert.equal(await focused(), 30);
      const box = await page.evaluate(() => document.activeElement?.getBoundingClientRect().toJSON());
      assert.ok(box && box.top >= 30 && box.bottom <= 900, "the row with the focus is in sight, below its day");
      await page.keyboard.press("Enter");
      await page.waitForURL(new RegExp(`/battles/${rows[30]?.id}$`));
    }));

  test("rows that come above the window when the list is read again move nothing in it", () =>
    withPage(1440, async (page) => {
      const rows = await longList(page, system.url, BATTLES);
      await page.goto(`${system.url}/battles`);
      await rowLinks(page).first().waitFor();
      await scrollDown(page, MIDDLE);
      await page.waitForTimeout(300);
      const seen = await inMiddle(page);
      const [first] = rows;
      assert.ok(first);
      for (let index = 0; index < 3; index++) {
        rows.unshift({ ...first, id: `00000000-0000-4000-9000-00000000000${index}` });
      }
      // A window that gets the focus again reads what it shows, once that is half a minute old.
      const read = page.waitForResponse(/\/api\/battles\?limit=50$/);
      await page.evaluate(() => {
        const { now } = Date;
        Date.now = () => now() + 40_000;
        window.dispatchEvent(new Event("visibilitychange"));
      });
      await read;
      await page.waitForFunction((before) => Math.round(scrollY) === before + 3 * 49, MIDDLE);
      assert.deepEqual(await inMiddle(page), seen);
    }));

  test("a print has all rows that are loaded", () =>
    withPage(1440, async (page) => {
      await longList(page, system.url, BATTLES);
      await page.goto(`${system.url}/battles`);
      await rowLinks(page).first().waitFor();
      await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
      assert.ok((await rowLinks(page).count()) >= 50);
      await page.evaluate(() => dispatchEvent(new Event("afterprint")));
      assert.ok((await rowLinks(page).count()) < 50);
    }));
});

describe("a report of 600 killmails", () => {
  const TABS = [/^Kills/, /^Participants/, /^History/, /^Why/];

  test("Back to a tab comes to its place, from another tab and from another page", () =>
    withPage(1440, async (page) => {
      await reshape(page, (detail) => enlarged(detail, KILLMAILS));
      await page.goto(report);
      await page.getByRole("region", { name: "Score" }).waitFor();
      const places: { url: string; place: number; seen: { what: string; top: number } }[] = [];
      for (const tab of TABS) {
        await page.getByRole("navigation", { name: "Parts of the report" }).getByRole("link", { name: tab }).click();
        await page.waitForFunction(() => !document.querySelector("[aria-busy=true]"));
        await page.waitForTimeout(300);
        const place = await page.evaluate(() =>
          Math.round(Math.min(1500, (document.documentElement.scrollHeight - innerHeight) / 2)),
        );
        await scrollDown(page, place);
        await page.waitForTimeout(300);
        places.push({ url: page.url(), place, seen: await inMiddle(page) });
      }
      // By keys: a click on the head of the page would scroll to it.
      await page.keyboard.press("g");
      await page.keyboard.press("b");
      await page.waitForURL(/\/battles$/);
      await rowLinks(page).first().waitFor();
      for (const { url, place, seen } of places.reverse()) {
        await page.goBack();
        await page.waitForURL(url);
        await standsAt(page, place, seen, url);
      }
    }));

  test("a killmail that is opened and closed leaves the list where it is", () =>
    withPage(1440, async (page) => {
      await page.goto(`${report}/kills?pods=1`);
      await rowLinks(page).first().waitFor();
      await scrollDown(page, 400);
      await page.mouse.click(300, 300);
      await page.getByRole("dialog").waitFor();
      assert.equal(await scrolled(page), 400);
      await page.goBack();
      await page.getByRole("dialog").waitFor({ state: "detached" });
      assert.equal(await scrolled(page), 400);
    }));

  test("a print has all kills", () =>
    withPage(1440, async (page) => {
      await reshape(page, (detail) => enlarged(detail, KILLMAILS));
      await page.goto(`${report}/kills?pods=1`);
      await rowLinks(page).first().waitFor();
      await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
      assert.ok((await rowLinks(page).count()) >= KILLMAILS);
    }));
});
