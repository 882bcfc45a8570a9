/** What a hit shows, and where its matches stand. */

import type { BattleFacets, BattleHit, BattleItem, Highlight, HitSide, MatchedName, MatchedType } from "@/api/client";
import { nameOf, partyName } from "@/lib/names";
import { arrange } from "@/lib/sides";
import type { FacetCounts } from "./Facets";

/** Pages may overlap when an entry is found between two requests. */
export function unique<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  return [...new Map(items.map((item) => [keyOf(item), item])).values()];
}

/** A battle of the list as a hit that matches nowhere. */
export function asHit(battle: BattleItem): BattleHit {
  return { ...battle, _matched: [], _matchedTerms: [], _relevanceScore: 0 };
}

/** Counts as the filters have them: ended is closed or of the past, small is also a single killmail. */
export function battleCounts({ securityType, tier, status, regions }: BattleFacets): FacetCounts {
  return {
    securityType,
    tier: { ...tier, ...sumOf("small", tier.small, tier.single) },
    status: { ...status, ...sumOf("closed", status.closed, status.historical) },
    regions,
  };
}

function sumOf(key: string, first = 0, second = 0): Record<string, number> {
  return first + second > 0 ? { [key]: first + second } : {};
}

export function marksOf(hit: BattleHit, type: MatchedType, id: string | null | undefined): readonly Highlight[] {
  return hit._matched.find((match) => match.type === type && match.id === id)?.highlights ?? [];
}

type Side = HitSide & { role: NonNullable<HitSide["role"]> };

/** The two sides that a row names; a side of an older release is taken for a main one. */
export function namedSides(hit: BattleHit): { left: Side | undefined; right: Side | undefined } {
  const { left, right } = arrange(hit.sides.map((side) => ({ ...side, role: side.role ?? ("main" as const) })));
  return { left, right };
}

export function sideLabel(side: HitSide | undefined): string {
  if (!side) return "–";
  return side.topParty ? partyName(side.topParty) : `Side ${side.sideId}`;
}

/** Its own name, else that of its system. */
export function titleOf(hit: BattleHit): string {
  return hit.name ?? nameOf(hit.systemName, "System", hit.systemId);
}

/** The names by which it was found that its row does not show: pilots, ships, smaller parties. */
export function otherMatches(hit: BattleHit): MatchedName[] {
  const { left, right } = namedSides(hit);
  const shown = new Set([
    `system:${hit.systemId}`,
    `region:${hit.regionId}`,
    ...[left, right].map((side) => `${side?.topParty?.partyType}:${side?.topParty?.partyId}`),
  ]);
  return hit._matched.filter((match) => match.type !== "battle" && !shown.has(`${match.type}:${match.id}`));
}
