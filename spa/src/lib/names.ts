/** What stands where a name is missing, and links to other sites. Never a bare id. */

export function nameOf(name: string | null | undefined, type: string, id: string | null | undefined): string {
  return name ?? (id ? `Unknown ${type} #${id}` : `Unknown ${type}`);
}

export type EntityType = "alliance" | "corporation" | "faction" | "character";

export function partyName(party: { partyType: EntityType; partyId: string; partyName: string | null }): string {
  const type = party.partyType[0]?.toUpperCase() + party.partyType.slice(1);
  return nameOf(party.partyName, type, party.partyId);
}

/** The key of a party in the address and in lists. */
export function partyKey(party: { partyType: string; partyId: string }): string {
  return `${party.partyType}:${party.partyId}`;
}

export function zkillboardUrl(type: EntityType | "kill", id: string): string {
  return `https://zkillboard.com/${type}/${id}/`;
}

export function dotlanUrl(system: string): string {
  return `https://evemaps.dotlan.net/system/${encodeURIComponent(system.replaceAll(" ", "_"))}`;
}

/** Reports of other tools on the same system and hour. */
export function relatedUrls(
  systemId: string,
  startTime: string,
): { zkillboard: string; evetools: string; warbeacon: string } {
  const hour = `${new Date(startTime).toISOString().slice(0, 13).replace(/[-T]/g, "")}00`;
  return {
    zkillboard: `https://zkillboard.com/related/${systemId}/${hour}/`,
    evetools: `https://br.evetools.org/related/${systemId}/${hour}`,
    warbeacon: `https://warbeacon.net/br/related/${systemId}/${hour}/`,
  };
}
