/** How every page looks: no violation of WCAG, nothing that is cut, sticks out or moves by itself. */

import assert from "node:assert/strict";
import { browser, largest, report, shown, system, TABS, withPage } from "./demo.ts";
import { crowded, enlarged, harsh, harshEdits, harshPilots } from "./shapes.ts";
import {
  clipped,
  describe,
  openPage,
  reshape,
  scrollsSideways,
  sticksOut,
  THEMES,
  test,
  violations,
  WIDTHS,
} from "./support.ts";
import { shifts, watch } from "./vitals.ts";

/** What browsers call good. */
const MOST_SHIFT = 0.1;
const SETTLE_MS = 500;
/** The code of what stands above every page. */
const TOOLTIPS = /\/assets\/Floating-.*\.js/;

describe("every page", () => {
  for (const width of WIDTHS) {
    for (const theme of THEMES) {
      test(`has no violation, no cut text and no error at ${width} in ${theme}`, async () => {
        const { page, context, errors } = await openPage(browser, width, theme);
        const found: string[] = [];
        for (const path of [
          "/",
          "/battles",
          "/search",
          "/search?type=killmails",
          "/search?type=names&q=ca",
          "/_kit",
          "/no-such-page",
          ...TABS.map((tab) => `/battles/${largest.id}${tab}`),
        ]) {
          await page.goto(system.url + path);
          await shown(page);
          found.push(...[...(await violations(page)), ...(await clipped(page))].map((line) => `${path}: ${line}`));
        }
        await context.close();
        assert.deepEqual(found, []);
        assert.deepEqual(errors, []);
      });
    }
  }

  for (const third of ["third_party", "main"] as const) {
    test(`a battle of three sides (${third}), rounds and doubts has none of these faults`, async () => {
      for (const width of WIDTHS) {
        await withPage(async (page, errors) => {
          await reshape(page, (detail) => crowded(detail, third));
          for (const tab of ["", "/kills", "/why", "/replay", "/composition"]) {
            await page.goto(report(tab));
            await shown(page);
            const found = [...(await violations(page)), ...(await clipped(page))];
            assert.deepEqual(found, [], `${tab} at ${width}`);
          }
          assert.deepEqual(errors, []);
        }, width);
      }
    });
  }

  test("names that are long or of other scripts, hundreds of parties and zeros break nothing", async () => {
    for (const width of WIDTHS) {
      await withPage(async (page, errors) => {
        await reshape(page, harsh);
        const answered = (path: RegExp, change: (answer: never) => object) =>
          page.route(path, async (route) => {
            const answer = await route.fetch();
            await route.fulfill({ response: answer, json: change((await answer.json()) as never) });
          });
        await answered(/\/participants\?/, harshPilots);
        await answered(/\/edits\?/, harshEdits);
        const found: string[] = [];
        for (const tab of TABS) {
          await page.goto(report(tab));
          await shown(page);
          const faults = [...(await violations(page)), ...(await clipped(page)), ...(await sticksOut(page))];
          found.push(...faults.map((fault) => `${tab} at ${width}: ${fault}`));
        }
        assert.deepEqual(found, []);
        assert.deepEqual(errors, []);
      }, width);
    }
  });

  test("a name that is cut is shown in full to the pointer and to the keys", () =>
    withPage(async (page) => {
      await reshape(page, harsh);
      await page.goto(report());
      const name = page.getByRole("table", { name: "Parties of side 1" }).getByRole("link", { name: /W{90}/ }).first();
      await name.hover();
      await page.getByRole("tooltip").filter({ hasText: /W{90}/ }).waitFor();
      await page.mouse.move(0, 0);
      await page.getByRole("tooltip").waitFor({ state: "detached" });
      await page.keyboard.press("Tab");
      await name.focus();
      await page.getByRole("tooltip").filter({ hasText: /W{90}/ }).waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("tooltip").waitFor({ state: "detached" });
    }));

  test("a name that had the pointer or the focus before the code for it came is shown in full too", () =>
    withPage(async (page) => {
      await reshape(page, harsh);
      const name = page.getByRole("table", { name: "Parties of side 1" }).getByRole("link", { name: /W{90}/ }).first();
      const inFull = page.getByRole("tooltip").filter({ hasText: /W{90}/ });
      for (const come of [() => name.hover(), () => page.keyboard.press("Tab").then(() => name.focus())]) {
        let release = () => {};
        const held = new Promise<void>((resolve) => {
          release = resolve;
        });
        await page.route(TOOLTIPS, async (route) => {
          await held;
          await route.continue();
        });
        const asked = page.waitForRequest(TOOLTIPS);
        await page.goto(report(), { waitUntil: "domcontentloaded" });
        await asked;
        await come();
        release();
        await inFull.waitFor();
        await page.unroute(TOOLTIPS);
        await page.mouse.move(0, 0);
      }
    }));

  test("does not scroll sideways from 360 to 1440", () =>
    withPage(async (page) => {
      for (const width of [360, 768, 1024, 1280]) {
        await page.setViewportSize({ width, height: 900 });
        for (const path of ["/", "/battles", "/search", `/battles/${largest.id}`, `/battles/${largest.id}/kills`]) {
          await page.goto(system.url + path);
          await shown(page);
          assert.deepEqual(await sticksOut(page), [], `${path} at ${width}`);
        }
      }
    }));

  for (const width of [360, 390]) {
    test(`at ${width} no table or figure scrolls sideways, and no name of a side or party is cut`, () =>
      withPage(async (page) => {
        await reshape(page, crowded);
        for (const tab of ["", "/why", "/history", "/timeline", "/composition", "/participants"]) {
          await page.goto(report(tab));
          await shown(page);
          assert.deepEqual(await scrollsSideways(page), [], tab);
          assert.deepEqual(await violations(page), [], tab);
          const sides = page.getByRole("region", { name: "Score" }).locator(".text-side");
          const parties = page
            .getByRole("table", { name: /^Parties of side/ })
            .getByRole("rowheader")
            .getByRole("link");
          assert.deepEqual(await sides.or(parties).evaluateAll(cutTexts), [], tab);
        }
      }, width));
  }
});

/** The texts of the elements that do not show all of it. */
function cutTexts(elements: Element[]): (string | null)[] {
  return elements
    .filter((one) => one.scrollWidth > one.clientWidth || one.scrollHeight > one.clientHeight + 1)
    .map((one) => one.textContent);
}

describe("what stands on a page stays there", () => {
  test("an ongoing battle keeps its place when another one begins, and the list its place when both end", () =>
    withPage(async (page) => {
      const [first, second] = (await (await fetch(`${system.url}/api/battles?limit=2`)).json()).items;
      let ongoing = [first];
      await page.route(/\/api\/battles\?.*status=open/, async (route) => {
        const response = await route.fetch();
        await route.fulfill({ response, json: { ...(await response.json()), items: ongoing } });
      });
      const cards = page.getByRole("region", { name: "Ongoing battles" }).getByRole("link");
      const list = page.locator("[data-row]").first();
      const places = async () => [await cards.first().boundingBox(), await list.boundingBox()];
      // A window that gets the focus again reads what it shows, once that is half a minute old.
      const readAgain = (battles: unknown[], minutes: number) => {
        ongoing = battles;
        return page.evaluate((later) => {
          const { now } = Date;
          Date.now = () => now() + later;
          window.dispatchEvent(new Event("visibilitychange"));
        }, minutes * 60_000);
      };
      await page.goto(`${system.url}/battles`);
      await shown(page);
      const [card, row] = await places();
      await readAgain([second, first], 1);
      await cards.nth(1).waitFor();
      assert.deepEqual(await places(), [card, row]);
      await readAgain([], 2);
      await page.getByText("No battle is going on now.").waitFor();
      assert.deepEqual(await list.boundingBox(), row);
    }));

  test("no page moves by itself while it comes, also a replay that is drawn", () =>
    withPage(async (page) => {
      await watch(page, "main h1");
      await reshape(page, (detail) => enlarged(detail, detail.totalKills, 2000));
      for (const path of ["/", "/battles", "/search", ...TABS.map((tab) => `/battles/${largest.id}${tab}`)]) {
        await page.goto(system.url + path);
        await shown(page);
        await page.waitForTimeout(SETTLE_MS);
        const { cls, largest: worst } = await shifts(page);
        assert.ok(cls < MOST_SHIFT, `${path} moves by ${cls.toFixed(3)}, most of all ${worst?.of}`);
      }
    }));
});

test("the app and the page of the API have the same theme: dark, or what was chosen", () =>
  withPage(async (page) => {
    await page.emulateMedia({ colorScheme: "light" });
    for (const [choice, ground] of [
      ["", "rgb(10, 13, 18)"],
      ["dark", "rgb(10, 13, 18)"],
      ["light", "rgb(244, 246, 249)"],
      ["system", "rgb(244, 246, 249)"],
    ] as const) {
      await page.addInitScript(`localStorage.setItem("bs.theme", "${choice}")`);
      for (const path of ["/battles", "/api/docs"]) {
        await page.goto(system.url + path);
        const colour = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
        assert.equal(colour, ground, `${path} with "${choice}"`);
      }
    }
  }));
