/** The built app in a real Chromium, on the data of a demo. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { crowded, enlarged, harsh, harshEdits, harshPilots } from "./shapes.ts";
import {
  type Battle,
  before,
  clipped,
  describe,
  isRealDay,
  largestWithAlliance,
  list,
  openPage,
  ownerLink,
  reshape,
  type System,
  shared,
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
const MOST_TABS = 400;
const TABS = ["", "/kills", "/timeline", "/composition", "/participants", "/replay", "/why", "/history"] as const;

type Fought = { id: string; mainAlliances: { allianceId: string; allianceName: string }[] };

let system: System;
let browser: Browser;
let largest: Battle;

before(async () => {
  ({ system, browser } = await shared());
  const battles = await list(system.url);
  const found = isRealDay()
    ? battles[0]
    : (battles.find((battle) => battle.sides.some((side) => side.role !== "main")) ?? battles[0]);
  assert.ok(found);
  largest = found;
});

async function withPage(run: (page: Page, errors: string[]) => Promise<void>, width = 1440): Promise<void> {
  const { page, context, errors } = await openPage(browser, width, "dark");
  try {
    await run(page, errors);
  } finally {
    await context.close();
  }
}

const report = (tab = "") => `${system.url}/battles/${largest.id}${tab}`;

async function shown(page: Page): Promise<void> {
  await page.locator("main h1").first().waitFor();
  // The page of components shows a block that loads for ever.
  if (page.url().endsWith("/_kit")) return;
  await page.locator("[aria-busy=true]").first().waitFor({ state: "detached" });
}

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
});

describe("what stands on a page stays there", () => {
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

describe("questions of players, each in at most three clicks", () => {
  test("who won, what did it cost, who was the third party: without a click", () =>
    withPage(async (page) => {
      await page.goto(report());
      const score = page.getByRole("region", { name: "Score" });
      await score.getByText("ISK lost").waitFor();
      assert.match(await score.innerText(), /% eff\./);
      if (largest.sides.some((side) => side.role !== "main")) await page.getByText("third party").first().waitFor();
    }));

  test("what was lost first, and what was the dearest: one click from 'How it went'", () =>
    withPage(async (page) => {
      await page.goto(report());
      await page.getByRole("region", { name: "How it went" }).getByRole("link").first().click();
      await page.waitForURL(/kills\?.*from=0/);
      await page.locator("[data-row]").first().waitFor();
    }));

  test("was my alliance there: its name in the search box, and Enter", () =>
    withPage(async (page) => {
      await page.goto(`${system.url}/battles`);
      const battle = await largestWithAlliance<Fought>(system.url);
      const { allianceId = "", allianceName = "" } = battle.mainAlliances[0] ?? {};
      await page.getByRole("button", { name: /^Search:/ }).click();
      await page.getByRole("combobox", { name: /killmail$/ }).fill(allianceName);
      await page
        .getByRole("group", { name: "Alliances" })
        .getByRole("option", { name: new RegExp(allianceName) })
        .first()
        .waitFor();
      await page.keyboard.press("Enter");
      await page.waitForURL(new RegExp(`alliance=${allianceId}`));
      await page.getByRole("button", { name: `Remove the filter Alliance ${allianceName}` }).waitFor();
      // Only the rows in sight are in the document: the largest battle comes first.
      await page.getByRole("link", { name: /^Order by Mails/ }).click();
      await page.locator(`a[href="/battles/${battle.id}"]`).first().waitFor();
    }));

  test("who flew what: participants", () =>
    withPage(async (page) => {
      await page.goto(report());
      await page.getByRole("link", { name: /^Participants/ }).click();
      await page.getByRole("listitem").first().waitFor();
      assert.ok((await page.getByRole("listitem").count()) > 1);
    }));

  test("what was lost of a class: hull filter of the kills", () =>
    withPage(async (page) => {
      await page.goto(report("/kills"));
      const hull = page.getByRole("combobox", { name: "Hull" });
      const option = await hull.locator("option").nth(1).getAttribute("value");
      await hull.selectOption(option);
      await page.waitForURL(new RegExp(`hull=${option}`));
      await page.locator("[data-row]").first().waitFor();
    }));

  test("why is this kill here: two clicks", () =>
    withPage(async (page) => {
      await page.goto(report());
      await page.getByRole("link", { name: /^Kills/ }).click();
      await page.locator("[data-row]").first().click();
      await page
        .getByRole("dialog")
        .getByRole("region", { name: "Why it is here" })
        .getByText(/also on|no other killmail/i)
        .first()
        .waitFor();
    }));

  test("what changed: history", () =>
    withPage(async (page) => {
      await page.goto(report());
      await page.getByRole("link", { name: /^History/ }).click();
      await page
        .getByRole("rowheader", { name: "1", exact: true })
        .or(page.getByRole("rowheader").first())
        .first()
        .waitFor();
    }));

  test("send it to my FC: a link that shows the same", () =>
    withPage(async (page) => {
      await page.goto(report("/kills?sort=isk"));
      await page.locator("[data-row]").first().waitFor();
      const first = await page.locator("[data-row]").first().getAttribute("aria-label");
      await withPage(async (other) => {
        await other.goto(page.url());
        await other.locator("[data-row]").first().waitFor();
        assert.equal(await other.locator("[data-row]").first().getAttribute("aria-label"), first);
      });
    }));
});

test("by keys alone: list, report, tabs, a killmail and back", () =>
  withPage(async (page) => {
    await page.goto(`${system.url}/battles?sort=kills`);
    await page.locator("[data-row]").first().waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.waitForURL(/battles\/[0-9a-f-]{36}$/);
    await page.getByRole("navigation", { name: "Parts of the report" }).waitFor();
    await page.keyboard.press("2");
    await page.waitForURL(/\/kills/);
    // A row of the kills, not one of the summary that stood there before.
    await page.locator("button[data-row]").first().waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.keyboard.press("g");
    await page.keyboard.press("b");
    await page.waitForURL(/\/battles$/);
  }));

test("by keys alone: list, report, pin a side, undo, search box, kill", async (context) => {
  const candidate = quiet(await list(system.url));
  if (!candidate) return context.skip("every battle of the demo still goes on");
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

test("a pin moves a party at once, and Undo takes it back", async (context) => {
  const battles = await list(system.url);
  const candidate = quiet(battles);
  if (!candidate) return context.skip("every battle of the demo still goes on");
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

/** A battle of two sides that no killmail changes any more. */
function quiet(battles: Battle[]): Battle | undefined {
  return battles.find((battle) => battle.status !== "open" && battle.sides.length >= 2);
}

/** The server answers within ten seconds, or says that it takes effect soon; on a busy machine later. */
const EDIT_MS = 60_000;

/** The demo goes on: a killmail that arrives between reading and editing is a conflict, and the page offers to try again. */
async function accepted(page: Page, said: RegExp): Promise<void> {
  const again = page.getByRole("button", { name: "Do it again" });
  const done = page.getByRole("status").getByText(said);
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

test("a name is shown at once, and Undo takes it away", async (context) => {
  const candidate = quiet(await list(system.url));
  if (!candidate) return context.skip("every battle of the demo still goes on");
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

test("a party is dragged to another side, and Undo takes it back", async (context) => {
  const candidate = quiet(await list(system.url));
  if (!candidate) return context.skip("every battle of the demo still goes on");
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

test("a pilot is taken off a killmail, History says so, and it is undone there", async (context) => {
  const candidate = quiet(await list(system.url));
  if (!candidate) return context.skip("every battle of the demo still goes on");
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

test("two revisions are compared, and the address has which", async (context) => {
  const candidate = (await list(system.url)).find(({ revision }) => revision > 1 && revision <= 50);
  if (!candidate) return context.skip("no battle of the demo has 2 to 50 revisions");
  await withPage(async (page, errors) => {
    await page.goto(`${system.url}/battles/${candidate.id}/history`);
    await page.getByRole("button", { name: "Compare from revision 1", exact: true }).click();
    await page.getByRole("button", { name: `Compare to revision ${candidate.revision}`, exact: true }).click();
    const comparison = page.getByRole("region", { name: "Comparison of revisions" });
    await comparison.getByText(`From revision 1 to revision ${candidate.revision}`).waitFor();
    await comparison.getByText(/killmails, .* pilots, .* ISK/).waitFor();
    await page.waitForURL(new RegExp(`rev=${candidate.revision}&vs=1|vs=1&rev=${candidate.revision}`));
    assert.deepEqual(errors, []);
  });
});

test("the pilots of a list are a CSV file", () =>
  withPage(async (page) => {
    await page.goto(report("/participants"));
    await page.getByRole("listitem").first().waitFor();
    const waiting = page.waitForEvent("download");
    await page.getByRole("button", { name: "CSV" }).click();
    const lines = (await readFile(await (await waiting).path(), "utf8")).trimEnd().split("\r\n");
    assert.match(lines[0] ?? "", /^\uFEFF?character_id,character,/);
    const answer = (await (await fetch(`${system.url}/api/battles/${largest.id}`)).json()) as {
      totalParticipants: number;
    };
    assert.equal(lines.length - 1, answer.totalParticipants);
  }));

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

test("what an address cannot mean is taken out of it", () =>
  withPage(async (page) => {
    await page.goto(`${system.url}/battles?nonsense=1&space=nullsec&t=never&utm_source=x`);
    await page.waitForURL(/\/battles\?space=nullsec$/);
    await page.goto(report("/kills?side=1&hull=barge&x=y"));
    await page.waitForURL(/\/kills\?side=1$/);
  }));

test("more ships than elements can move, and more killmails than the detail has, are drawn and complete", () =>
  withPage(async (page, errors) => {
    const known = largest.totalKills;
    let answer: object = {};
    let all = 0;
    await reshape(page, (detail) => {
      const whole = enlarged(detail, known + 60, 4000);
      all = whole.killmails.length;
      const items = whole.killmails.slice(known);
      answer = { items, entities: whole.entities, revision: whole.revision, nextCursor: null, hasMore: false };
      return { ...whole, killmails: whole.killmails.slice(0, known) };
    });
    await page.route(/\/killmails\?limit=/, (route) => route.fulfill({ json: answer }));
    await page.goto(report("/kills?pods=1"));
    await page.locator("[data-row]").first().waitFor();
    await page.getByText(`${all.toLocaleString("en")} shown`, { exact: true }).waitFor();
    await page.goto(report("/replay"));
    await page.locator("canvas").first().waitFor();
    const drawn = () => [...document.querySelectorAll("canvas")].map((canvas) => canvas.toDataURL()).join();
    await page.evaluate(`window.drawn = ${drawn}; window.begun = window.drawn()`);
    await page.getByRole("slider", { name: "Time in the battle" }).press("End");
    await page.waitForFunction("window.drawn() !== window.begun");
    assert.deepEqual(await violations(page), []);
    assert.deepEqual(errors, []);
  }));

describe("while the API fails", () => {
  test("what is on the page stays, and it recovers alone", () =>
    withPage(async (page) => {
      await page.goto(report());
      await page.getByRole("region", { name: "Score" }).waitFor();
      let failing = true;
      await page.route("**/api/battles/**", (route) =>
        failing
          ? route.fulfill({
              status: 503,
              contentType: "application/json",
              body: '{"error":"x","message":"The database is away.","requestId":"r1"}',
            })
          : route.continue(),
      );
      await page.getByRole("link", { name: /^History/ }).click();
      await page.getByText("The database is away.").first().waitFor();
      await page.getByRole("heading", { level: 1 }).waitFor();
      failing = false;
      await page.getByRole("table").first().waitFor();
    }));

  test("a battle that never was is said in words", () =>
    withPage(async (page) => {
      await page.goto(`${system.url}/battles/00000000-0000-4000-8000-000000000000`);
      await page.getByRole("heading", { name: "There is no such battle" }).waitFor();
    }));

  test("401 shows the way to log in", () =>
    withPage(async (page) => {
      await page.route("**/api/me/capabilities", (route) =>
        route.fulfill({
          status: 401,
          contentType: "application/json",
          body: '{"error":"unauthorized","message":"Log in.","requestId":"r1"}',
        }),
      );
      await page.goto(report());
      const link = page.getByRole("link", { name: "Log in with EVE Online" });
      await link.waitFor();
      assert.match((await link.getAttribute("href")) ?? "", /redirect_uri=%2Fbattles%2F/);
    }));
});

describe("live", () => {
  const sse = (id: string, data: object) => `id: ${id}\nevent: battle\ndata: ${JSON.stringify(data)}\n\n`;

  test("a page has one stream, and the demo answers it", () =>
    withPage(async (page) => {
      const streams: string[] = [];
      page.on("request", (request) => request.url().includes("/api/stream") && streams.push(request.url()));
      await page.goto(`${system.url}/battles`);
      await page.locator("[data-row]").first().waitFor();
      await page.locator("[data-row]").first().click();
      await page.getByRole("region", { name: "Score" }).waitFor();
      await page.waitForTimeout(500);
      assert.equal(streams.length, 2, streams.join(" "));
      assert.match(streams[0] ?? "", /topics=battles$/);
      assert.match(streams[1] ?? "", /topics=battle%3A/);
    }));

  test("a new battle is counted, moves nothing, and comes by a click; a known one changes in its place", () =>
    withPage(async (page) => {
      const created = {
        battleId: "00000000-0000-4000-8000-000000000001",
        revision: 1,
        change: "created",
        mergedInto: null,
      };
      const updated = { battleId: largest.id, revision: 999, change: "updated", mergedInto: null };
      const body = sse("1-0", created) + sse("2-0", created) + sse("3-0", updated);
      const asked: string[] = [];
      await page.route("**/api/stream?*", (route) => {
        asked.push(route.request().url());
        return route.fulfill({ status: 200, contentType: "text/event-stream", body });
      });
      await page.route(`**/api/battles?id=${largest.id}*`, async (route) => {
        const answer = await route.fetch();
        const changed = (await answer.json()) as { items: { totalKills: number }[] };
        for (const item of changed.items) item.totalKills = 4321;
        return route.fulfill({ response: answer, json: changed });
      });
      await page.goto(`${system.url}/battles?sort=kills`);
      const newer = page.getByRole("button", { name: "1 newer battle" });
      await newer.waitFor();
      const row = page.locator("li", { has: page.locator(`a[href="/battles/${largest.id}"]`) });
      await row.getByText("4,321").first().waitFor();
      await newer.click();
      await newer.waitFor({ state: "detached" });
    }));
});
