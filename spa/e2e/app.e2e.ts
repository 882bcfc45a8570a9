/** The built app in a real Chromium, on the data of a demo. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { largest, report, system, withPage } from "./demo.ts";
import { enlarged } from "./shapes.ts";
import { describe, largestWithAlliance, list, reshape, test, violations } from "./support.ts";

type Fought = { id: string; mainAlliances: { allianceId: string; allianceName: string }[] };

describe("questions of players, each in at most three clicks", () => {
  test("who won, what did it cost, who was the third party: without a click", () =>
    withPage(async (page) => {
      await page.goto(report());
      const score = page.getByRole("region", { name: "Score" });
      await score.getByText("ISK lost").waitFor();
      assert.match(await score.innerText(), /% eff\./);
      if (largest.sides.some((side) => side.role !== "main")) await page.getByText("third party").first().waitFor();
    }));

  test("the first loss and the most expensive one: one click from 'How it went'", () =>
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
      await page.getByRole("link", { name: /^Order by Kills/ }).click();
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

  test("a battle that never was has a sentence", () =>
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
