/** The rows of the list of kills: filtered, capsules folded into their ships, grouped by minute. */

import type { BattleBattleDetail, BattleKillmailItem } from "@/api/client";
import { iskNumber } from "@/lib/isk";
import { clock, instant } from "@/lib/time";
import { inTimeOrder, shipName, victimName } from "./losses";
import type { ReportSearch } from "./search";

export type KillRow =
  | { kind: "minute"; key: string; time: string; ships: number }
  | { kind: "mail"; key: string; mail: BattleKillmailItem; pod: BattleKillmailItem | undefined; balance: number };

export type Span = { from: number; to: number } | undefined;

export function killRows(
  battle: BattleBattleDetail,
  search: ReportSearch,
  span: Span,
  leftSide: number | undefined,
): KillRow[] {
  const inTime = inTimeOrder(battle.killmails);
  const balances = runningBalance(inTime, leftSide);
  const folded = search.pods === 1 ? new Map<string, BattleKillmailItem>() : podsByShip(inTime);
  const hidden = new Set([...folded.values()].map((mail) => mail.killmailId));
  const shown = inTime.filter((mail) => !hidden.has(mail.killmailId) && matches(mail, search, span));
  const row = (mail: BattleKillmailItem): KillRow => ({
    kind: "mail",
    key: mail.killmailId,
    mail,
    pod: folded.get(mail.killmailId),
    balance: balances.get(mail.killmailId) ?? 0,
  });
  if (search.sort === "isk") return shown.sort((a, b) => iskNumber(b.iskValue) - iskNumber(a.iskValue)).map(row);
  return byMinute(shown).flatMap(([time, mails]) => [
    { kind: "minute" as const, key: `minute ${mails[0]?.occurredAt}`, time, ships: mails.length },
    ...mails.map(row),
  ]);
}

function byMinute(mails: readonly BattleKillmailItem[]): [string, BattleKillmailItem[]][] {
  const groups: [string, BattleKillmailItem[]][] = [];
  for (const mail of mails) {
    const time = clock(mail.occurredAt);
    const last = groups.at(-1);
    if (last?.[0] === time) last[1].push(mail);
    else groups.push([time, [mail]]);
  }
  return groups;
}

/** The killmail of the capsule by that of its ship, where both are in the battle. */
function podsByShip(mails: readonly BattleKillmailItem[]): Map<string, BattleKillmailItem> {
  const known = new Set(mails.map((mail) => mail.killmailId));
  return new Map(mails.flatMap((mail) => (mail.podOf && known.has(mail.podOf) ? [[mail.podOf, mail] as const] : [])));
}

/** How much more the others had lost than the left side, after each killmail. */
function runningBalance(mails: readonly BattleKillmailItem[], leftSide: number | undefined): Map<string, number> {
  let balance = 0;
  return new Map(
    mails.map((mail) => {
      if (mail.sideId !== null)
        balance += mail.sideId === leftSide ? -iskNumber(mail.iskValue) : iskNumber(mail.iskValue);
      return [mail.killmailId, balance];
    }),
  );
}

function matches(mail: BattleKillmailItem, search: ReportSearch, span: Span): boolean {
  const at = instant(mail.occurredAt);
  if (span && (at < span.from || at >= span.to)) return false;
  if (search.side !== undefined && (mail.sideId ?? 0) !== search.side) return false;
  if (search.hull && mail.hullClass !== search.hull) return false;
  if (search.party && !isOfParty(mail, search.party)) return false;
  return !search.q || textOf(mail).includes(search.q.toLowerCase());
}

function isOfParty(mail: BattleKillmailItem, party: string): boolean {
  const [type, id] = party.split(":");
  if (type === "alliance") return mail.victimAllianceId === id;
  if (type === "corporation") return mail.victimCorpId === id;
  return type === "character" && mail.victimCharacterId === id;
}

function textOf(mail: BattleKillmailItem): string {
  return [
    shipName(mail),
    victimName(mail),
    mail.victimTicker,
    mail.victimAllianceName,
    mail.victimCorpName,
    mail.systemName,
  ]
    .join(" ")
    .toLowerCase();
}
