/** "How it went": moments computed from the killmails. */

import type { BattleBattleDetail, BattleKillmailItem } from "@/api/client";
import { isCapital } from "@/lib/hulls";
import { iskNumber, shortIsk } from "@/lib/isk";
import { nameOf } from "@/lib/names";
import { arrange } from "@/lib/sides";
import { duration, instant } from "@/lib/time";
import { inTimeOrder, shipName, sideName, victimName } from "./losses";

export type Moment = { at: number; sideId: number | null; text: string; pin?: string };

const MINUTE = 60_000;
const MOST = 8;
const ORDINALS = ["one", "two", "three", "four", "five", "six"] as const;
const PEAK_OF_LOSSES = 3;

const computed = new WeakMap<BattleBattleDetail, readonly Moment[]>();

/** The moments of a battle, for the figure and for the list: computed once. */
export function momentsOf(battle: BattleBattleDetail): readonly Moment[] {
  const moments = computed.get(battle) ?? findMoments(battle);
  computed.set(battle, moments);
  return moments;
}

function findMoments(battle: BattleBattleDetail): Moment[] {
  const mails = inTimeOrder(battle.killmails);
  const first = mails[0];
  const last = mails.at(-1);
  if (!first || !last) return [];
  const found = [
    moment(first, `First loss: ${shipName(first)} of ${partyOf(first)}`, "First loss"),
    ...peaks(battle, mails),
    ...quiets(battle, mails),
    isCapital(first.hullClass) ? undefined : firstCapital(mails),
    ...thirdParties(battle),
    mostExpensive(battle, mails),
    turning(battle, mails),
    mails.length > 1 ? moment(last, `Last loss: ${shipName(last)} of ${partyOf(last)}`) : undefined,
  ].filter((one): one is Moment => one !== undefined);
  return found.sort((a, b) => a.at - b.at).slice(0, MOST);
}

function moment(mail: BattleKillmailItem, text: string, pin?: string): Moment {
  return { at: instant(mail.occurredAt), sideId: mail.sideId, text, ...(pin && { pin }) };
}

function partyOf(mail: BattleKillmailItem): string {
  return mail.victimAllianceName ?? nameOf(mail.victimCorpName, "Corporation", mail.victimCorpId);
}

function peaks(battle: BattleBattleDetail, mails: readonly BattleKillmailItem[]): Moment[] {
  return battle.rounds.slice(0, ORDINALS.length).flatMap((round, index) => {
    const inRound = mails.filter((mail) => {
      const at = instant(mail.occurredAt);
      return mail.hullClass !== "capsule" && at >= instant(round.startTime) && at <= instant(round.endTime);
    });
    const byMinute = new Map<number, BattleKillmailItem[]>();
    for (const mail of inRound) {
      const minute = Math.floor(instant(mail.occurredAt) / MINUTE);
      byMinute.set(minute, [...(byMinute.get(minute) ?? []), mail]);
    }
    const [minute, most] = [...byMinute].reduce<[number, BattleKillmailItem[]]>(
      (top, entry) => (entry[1].length > top[1].length ? entry : top),
      [0, []],
    );
    if (most.length < PEAK_OF_LOSSES) return [];
    const name = battle.rounds.length > 1 ? `Peak of round ${ORDINALS[index]}` : "Peak";
    return [
      { at: minute * MINUTE, sideId: mostOf(most), text: `${name}: ${most.length} ships in a minute`, pin: name },
    ];
  });
}

function mostOf(mails: readonly BattleKillmailItem[]): number | null {
  const counts = new Map<number | null, number>();
  for (const mail of mails) counts.set(mail.sideId, (counts.get(mail.sideId) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null;
}

/** The stretches between rounds, and how many of the pilots before are there again. */
function quiets(battle: BattleBattleDetail, mails: readonly BattleKillmailItem[]): Moment[] {
  return battle.rounds.slice(1).flatMap((round, index) => {
    const before = battle.rounds[index];
    if (!before) return [];
    const from = instant(before.endTime);
    const until = instant(round.startTime);
    const crew = pilots(
      battle,
      mails.filter((mail) => instant(mail.occurredAt) <= from),
    );
    const later = pilots(
      battle,
      mails.filter((mail) => instant(mail.occurredAt) >= until),
    );
    const back = [...crew].filter((pilot) => later.has(pilot)).length;
    const share = crew.size ? Math.round((100 * back) / crew.size) : 0;
    return [
      {
        at: from,
        sideId: null,
        text: `${duration((until - from) / 1000)} without a loss; ${share} % of the pilots return`,
      },
    ];
  });
}

function pilots(battle: BattleBattleDetail, mails: readonly BattleKillmailItem[]): Set<string> {
  const found = new Set<string>();
  for (const mail of mails) {
    if (mail.victimCharacterId) found.add(mail.victimCharacterId);
    for (const index of mail.attackerCharacters) {
      const pilot = battle.entities.characters[index];
      if (pilot) found.add(pilot.id);
    }
  }
  return found;
}

function firstCapital(mails: readonly BattleKillmailItem[]): Moment | undefined {
  const mail = mails.find((one) => isCapital(one.hullClass));
  return mail && moment(mail, `First capital lost: ${shipName(mail)} of ${partyOf(mail)}`, "First capital");
}

function thirdParties(battle: BattleBattleDetail): Moment[] {
  return battle.sides
    .filter((side) => side.role === "third_party")
    .flatMap((side) => {
      const seen = side.parties.map((party) => party.firstSeenAt).filter((time): time is string => time !== null);
      const at = Math.min(...seen.map(instant));
      if (!Number.isFinite(at)) return [];
      const name = sideName(side);
      return [{ at, sideId: side.sideId, text: `${name} seen for the first time`, pin: `${name} arrives` }];
    });
}

function mostExpensive(battle: BattleBattleDetail, mails: readonly BattleKillmailItem[]): Moment | undefined {
  const mail = mails.reduce<BattleKillmailItem | undefined>(
    (top, one) => (!top || iskNumber(one.iskValue) > iskNumber(top.iskValue) ? one : top),
    undefined,
  );
  const all = iskNumber(battle.totalIskDestroyed);
  if (!mail || all <= 0 || iskNumber(mail.iskValue) <= 0) return undefined;
  const share = Math.round((100 * iskNumber(mail.iskValue)) / all);
  const value = shortIsk(mail.iskValue);
  const text = `${shipName(mail)} of ${victimName(mail)} lost, ${value}: ${share} % of all ISK`;
  return moment(mail, text, `${shipName(mail)} lost · ${value}`);
}

/** The loss after which the side that lost less was the same until the end. */
function turning(battle: BattleBattleDetail, mails: readonly BattleKillmailItem[]): Moment | undefined {
  const { left, right } = arrange(battle.sides);
  if (!left || !right) return undefined;
  let balance = 0;
  let turned: BattleKillmailItem | undefined;
  for (const mail of mails) {
    const before = Math.sign(balance);
    if (mail.sideId === left.sideId) balance -= iskNumber(mail.iskValue);
    if (mail.sideId === right.sideId) balance += iskNumber(mail.iskValue);
    if (before !== 0 && Math.sign(balance) !== 0 && Math.sign(balance) !== before) turned = mail;
  }
  if (!turned) return undefined;
  const ahead = balance > 0 ? left : right;
  return {
    at: instant(turned.occurredAt),
    sideId: ahead.sideId,
    text: `From here on ${sideName(ahead)} is ahead in ISK to the end`,
  };
}
