/** What a search finds, as one line of a list: its name, what matches of it, and the page that it leads to. */

import type {
  AllianceHit,
  CharacterHit,
  CorporationHit,
  EverythingAnswer,
  Highlight,
  HullClass,
  KillmailHit,
  MatchKind,
  NameMatch,
  SecurityType,
  ShipHit,
  ShortBattleHit,
  SystemHit,
} from "@/api/client";
import { count, shortIsk } from "./isk";
import { keepNames, type NamedKey } from "./knownNames";
import { nameOf } from "./names";
import { clock, day } from "./time";
import { stringifySearch } from "./url";

export type FoundKind = "killmail" | "alliance" | "corporation" | "character" | "system" | "ship" | "battle";

export type Found = {
  kind: FoundKind;
  id: string;
  name: string;
  nameMarks: readonly Highlight[];
  ticker: string | null;
  tickerMarks: readonly Highlight[];
  /** What tells it from others of its name. */
  detail: string;
  /** How often or how much. */
  figure: string;
  /** The name is not written as it was typed. */
  isSimilar: boolean;
  href: string;
  lastSeenAt: string | null;
  place: { securityType: SecurityType; securityStatus: number | null; systemClass: number | null } | null;
  ship: { typeId: string | null; hull: HullClass | null } | null;
};

export type FoundGroup = { kind: FoundKind; items: readonly Found[] };

export const KIND_LABELS: Record<FoundKind, string> = {
  killmail: "Killmails",
  alliance: "Alliances",
  corporation: "Corporations",
  character: "Pilots",
  system: "Systems",
  ship: "Ships",
  battle: "Battles",
};

/** The key of a kind in addresses; battles and killmails have pages of their own. */
export const NAMED_KEYS: Partial<Record<FoundKind, NamedKey>> = {
  alliance: "alliance",
  corporation: "corp",
  character: "pilot",
  system: "system",
  ship: "ship",
};

const MATCHES: readonly MatchKind[] = ["exact", "prefix", "word_prefix", "typo"];

type Ranked = FoundGroup & { match: number; battles: number };

/**
 * The groups of everything that was found, so that Enter opens what was meant: the one with the best match first,
 * of equal ones that with the most battles.
 */
export function everythingFound({ killmails, battles, entities, systems, ships }: EverythingAnswer): FoundGroup[] {
  const groups: Ranked[] = [
    // A killmail is found by its number alone.
    { kind: "killmail", items: (killmails ?? []).map(foundKillmail), match: -1, battles: 0 },
    ranked("alliance", entities.alliances, foundAlliance),
    ranked("corporation", entities.corporations, foundCorporation),
    ranked("character", entities.characters, foundPilot),
    ranked("system", systems, foundSystem),
    ranked("ship", ships, foundShip),
    { kind: "battle", items: (battles ?? []).map(foundBattle), match: battleMatch(battles ?? []), battles: 0 },
  ];
  return groups
    .filter((group) => group.items.length > 0)
    .sort((a, b) => a.match - b.match || b.battles - a.battles)
    .map(({ kind, items }) => ({ kind, items }));
}

/** The server gives the best hit first. */
function ranked<T extends Named>(kind: FoundKind, hits: readonly T[], found: (hit: T) => Found): Ranked {
  const [best] = hits;
  const match = best ? MATCHES.indexOf(best.match.kind) : MATCHES.length;
  return { kind, items: hits.map(found), match, battles: best?.battleCount ?? 0 };
}

/** A battle with a name of its own is as good as its match; one with what was named in it comes after the names. */
function battleMatch(battles: readonly ShortBattleHit[]): number {
  const named = battles.flatMap((battle) => battle._matched).filter((match) => match.type === "battle");
  return Math.min(MATCHES.length, ...named.map((match) => MATCHES.indexOf(match.kind)));
}

type Named = { id: string; name: string; battleCount: number; match: NameMatch };

function named(kind: FoundKind, hit: Named, ticker: string | null): Omit<Found, "detail" | "href"> {
  const inTicker = hit.match.field === "ticker";
  return {
    kind,
    id: hit.id,
    name: hit.name,
    nameMarks: inTicker ? [] : hit.match.highlights,
    ticker,
    tickerMarks: inTicker ? hit.match.highlights : [],
    figure: hit.battleCount === 1 ? "1 battle" : `${count(hit.battleCount)} battles`,
    isSimilar: hit.match.kind === "typo",
    lastSeenAt: null,
    place: null,
    ship: null,
  };
}

function battlesOf(key: NamedKey, id: string): string {
  return `/battles${stringifySearch({ [key]: [id] })}`;
}

function foundAlliance(hit: AllianceHit): Found {
  const { lastSeenAt } = hit;
  return { ...named("alliance", hit, hit.ticker), detail: "", href: battlesOf("alliance", hit.id), lastSeenAt };
}

function foundCorporation(hit: CorporationHit): Found {
  const { lastSeenAt } = hit;
  const detail = hit.allianceName ?? "";
  return { ...named("corporation", hit, hit.ticker), detail, href: battlesOf("corp", hit.id), lastSeenAt };
}

export function foundPilot(hit: CharacterHit): Found {
  const { lastSeenAt } = hit;
  const detail = joined(hit.corpName, hit.allianceName);
  return { ...named("character", hit, null), detail, href: battlesOf("pilot", hit.id), lastSeenAt };
}

export function foundSystem(hit: SystemHit): Found {
  const { securityType, securityStatus, systemClass } = hit;
  return {
    ...named("system", hit, null),
    detail: joined(hit.constellationName, hit.regionName, hit.systemEffect),
    href: battlesOf("system", hit.id),
    lastSeenAt: hit.lastBattleAt,
    place: securityType && { securityType, securityStatus, systemClass },
  };
}

function foundShip(hit: ShipHit): Found {
  const href = `/search${stringifySearch({ type: "killmails", ship: [hit.id] })}`;
  const ship = { typeId: hit.id, hull: hit.hullClass };
  return { ...named("ship", hit, null), detail: hit.groupName ?? "", href, lastSeenAt: hit.lastSeenAt, ship };
}

function foundBattle(hit: ShortBattleHit): Found {
  const title = hit.name ?? nameOf(hit.systemName, "System", hit.systemId);
  const [first, second] = hit.mainAlliances.map((alliance) => alliance.allianceName).filter((name) => name !== null);
  return {
    kind: "battle",
    id: hit.id,
    name: title,
    nameMarks: hit._matched.find((match) => match.name === title)?.highlights ?? [],
    ticker: null,
    tickerMarks: [],
    detail: joined(
      `${day(hit.startTime)} ${clock(hit.startTime)}`,
      hit.name ? hit.systemName : hit.regionName,
      first && second ? `${first} v ${second}` : first,
    ),
    figure: `${shortIsk(hit.totalIskDestroyed)} ISK`,
    isSimilar: false,
    href: `/battles/${hit.id}`,
    lastSeenAt: hit.startTime,
    place: null,
    ship: null,
  };
}

/** A killmail opens in the report of its battle, else at zKillboard. */
export function killmailHref(hit: Pick<KillmailHit, "battleId" | "killmailId" | "zkbUrl">): string {
  if (!hit.battleId) return hit.zkbUrl;
  return `/battles/${hit.battleId}/kills${stringifySearch({ mail: hit.killmailId })}`;
}

function foundKillmail(hit: KillmailHit): Found {
  const victim = hit.victimCharacterName ?? hit.victimCorpName;
  return {
    kind: "killmail",
    id: hit.killmailId,
    name: nameOf(hit.shipTypeName, "Ship", hit.shipTypeId),
    nameMarks: [],
    ticker: null,
    tickerMarks: [],
    detail: joined(victim, hit.systemName, `${day(hit.timestamp)} ${clock(hit.timestamp)}`),
    figure: hit.iskValue === null ? "" : `${shortIsk(hit.iskValue)} ISK`,
    isSimilar: false,
    href: killmailHref(hit),
    lastSeenAt: hit.timestamp,
    place: null,
    ship: { typeId: hit.shipTypeId, hull: hit.hullClass },
  };
}

function joined(...parts: (string | null | undefined)[]): string {
  return parts.filter(Boolean).join(" · ");
}

/** The page that it leads to has its id in the address, and says its name. */
export function keepFoundName({ kind, id, name }: Found): void {
  const key = NAMED_KEYS[kind];
  if (key) keepNames([{ key, id, name }]);
}

/** Whether a page of this app is meant, not one of another site. */
export function isInside(href: string): boolean {
  return href.startsWith("/");
}
