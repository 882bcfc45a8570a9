/** The losses of a battle as figures want them. */

import type { BattleBattleDetail, BattleKillmailItem, PartyItem, SideItem } from "@/api/client";
import type { FigureSide, Loss } from "@/figures/buckets";
import { iskNumber } from "@/lib/isk";
import { nameOf, partyName } from "@/lib/names";
import { arrange, topParty } from "@/lib/sides";
import { instant } from "@/lib/time";

export function victimName(mail: BattleKillmailItem): string {
  if (mail.victimCharacterName) return mail.victimCharacterName;
  if (mail.victimCharacterId) return nameOf(null, "Character", mail.victimCharacterId);
  return nameOf(mail.victimCorpName, "Corporation", mail.victimCorpId);
}

export function shipName(mail: { shipTypeId: string; shipTypeName: string | null }): string {
  return nameOf(mail.shipTypeName, "Ship", mail.shipTypeId);
}

const ordered = new WeakMap<readonly BattleKillmailItem[], readonly BattleKillmailItem[]>();

/** The killmails, the oldest first. Every part of a report asks for it: it is computed once for a battle. */
export function inTimeOrder(mails: readonly BattleKillmailItem[]): readonly BattleKillmailItem[] {
  const known = ordered.get(mails);
  if (known) return known;
  const sorted = mails
    .map((mail) => ({ mail, at: instant(mail.occurredAt) }))
    .sort((a, b) => a.at - b.at)
    .map(({ mail }) => mail);
  ordered.set(mails, sorted);
  return sorted;
}

export function lossOf(mail: BattleKillmailItem): Loss {
  return {
    killmailId: mail.killmailId,
    at: instant(mail.occurredAt),
    sideId: mail.sideId,
    isk: iskNumber(mail.iskValue),
    damage: mail.attackersBySide.reduce((sum, side) => sum + side.damage, 0),
    hull: mail.hullClass,
    ship: shipName(mail),
    victim: victimName(mail),
  };
}

export function sideName(side: SideItem): string {
  const top = mainParty(side);
  return top ? partyName(top) : `Side ${side.sideId}`;
}

export function sideTicker(side: SideItem): string {
  return mainParty(side)?.ticker ?? sideName(side);
}

export function mainParty(side: SideItem): PartyItem | undefined {
  return topParty(side.parties);
}

/** Sides in the order of figures, and the unassigned if they lost anything. */
export function figureSides(battle: BattleBattleDetail): FigureSide[] {
  const { left, right, others } = arrange(battle.sides);
  const named = [left, right, ...others]
    .filter((side): side is SideItem => side !== undefined)
    .map((side) => ({ sideId: side.sideId, role: side.role, name: sideName(side) }));
  const unassigned = battle.killmails.some((mail) => mail.sideId === null);
  return unassigned ? [...named, { sideId: null, role: undefined, name: "Unassigned" }] : named;
}

export type ShipTotals = { ships: number; capsules: number };

/** Losses of all sides and of the unassigned. */
export function shipTotals(battle: BattleBattleDetail): ShipTotals {
  const parts = [...battle.sides, ...battle.unassigned];
  return {
    ships: parts.reduce((sum, part) => sum + part.shipsLost, 0),
    capsules: parts.reduce((sum, part) => sum + part.capsulesLost, 0),
  };
}
