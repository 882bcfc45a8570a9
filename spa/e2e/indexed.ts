/** A battle that the search finds, and a search that does not answer. */

import type { Page } from "playwright-core";
import { before, largestWithAlliance, shared, until } from "./support.ts";

const INDEX_MS = 60_000;

type Detail = {
  id: string;
  systemId: string;
  systemName: string;
  mainAlliances: { allianceId: string; allianceName: string }[];
  killmails: { killmailId: string; victimCharacterName: string | null }[];
};

export let battle: Detail;

before(async () => {
  const { system } = await shared();
  battle = await largestWithAlliance<Detail>(system.url);
  // A battle is found within seconds after it is listed.
  await until("the battle in the index", INDEX_MS, async () => {
    const answer = await fetch(`${system.url}/api/search/global?q=${battle.id}`);
    return ((await answer.json()) as { battles: unknown[] }).battles.length > 0;
  });
});

export const AWAY = { error: "unavailable", message: "The search does not answer.", requestId: "r1" };

/** Answer requests of this kind so, until the returned function is called. */
export async function answerWith(page: Page, path: RegExp, status: number, body: object): Promise<() => Promise<void>> {
  await page.route(path, (route) =>
    route.fulfill({ status, contentType: "application/json", body: JSON.stringify(body) }),
  );
  return () => page.unroute(path);
}
