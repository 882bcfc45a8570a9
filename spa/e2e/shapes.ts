/** Shapes of battles that a demo rarely has, made of one that it has. */

type Side = { sideId: number; role: string; parties: Party[]; [key: string]: unknown };
type Party = {
  partyId: string;
  partyType: string;
  role: string;
  confidence: number;
  firstSeenAt: string;
  pinned: unknown;
};
type Mail = {
  killmailId: string;
  victimAllianceId: string | null;
  victimCorpId: string | null;
  sideId: number | null;
  systemId: string;
  systemName: string;
  occurredAt: string;
  attackersBySide: object[];
};
export type Detail = {
  startTime: string;
  endTime: string;
  totalKills: number;
  sides: Side[];
  unassigned: Party[];
  killmails: Mail[];
  systems: { systemId: string; systemName: string }[];
  links: { reason: string }[];
  [key: string]: unknown;
};

/** A third party, unassigned parties, two rounds, three systems, doubts, pins, a name, a link of each reason. */
export function crowded(detail: Detail, third: "third_party" | "main" = "third_party"): Detail {
  const [first, second] = detail.sides;
  if (!first || !second) return detail;
  const thirdParties = second.parties.slice(-2);
  const without = first.parties.slice(-2);
  const isOf = (mail: Mail, parties: Party[]) =>
    parties.some((party) => party.partyId === mail.victimAllianceId || party.partyId === mail.victimCorpId);
  const start = Date.parse(detail.startTime);
  const span = Date.parse(detail.endTime) - start;
  const at = (part: number) => new Date(start + span * part).toISOString();
  const isQuiet = (mail: Mail) => mail.occurredAt > at(0.4) && mail.occurredAt < at(0.55);
  const systems = [
    ...detail.systems,
    { systemId: "30000001", systemName: "A4L-S1" },
    { systemId: "30000002", systemName: "9-KQVV" },
  ].slice(0, 3);
  const killmails = detail.killmails
    .filter((mail) => !isQuiet(mail))
    .map((mail, index) => {
      const sideId = isOf(mail, thirdParties) ? 3 : isOf(mail, without) ? null : mail.sideId;
      const system = index % 17 === 0 ? systems[1 + (index % 2)] : undefined;
      return {
        ...mail,
        ...system,
        sideId,
        attackersBySide: [...mail.attackersBySide, { sideId: 3, attackers: 2, damage: sideId === 2 ? 900 : 300 }],
      };
    });
  const last = first.parties[0];
  if (last) last.pinned = { editId: "00000000-0000-4000-8000-000000000009", author: "Vanya Okaris" };
  return {
    ...detail,
    name: "The Long Evening",
    killmails,
    systems,
    sides: [
      { ...first, parties: first.parties.slice(0, -2) },
      { ...second, parties: second.parties.slice(0, -2) },
      {
        ...second,
        sideId: 3,
        role: third,
        pilots: 41,
        shipsLost: 6,
        iskLost: "3840000000.00",
        iskDestroyed: "13200000000.00",
        parties: thirdParties.map((party) => ({
          ...party,
          role: "third-party",
          confidence: 0.54,
          firstSeenAt: at(0.7),
        })),
      },
    ],
    unassigned: without.map((party) => ({ ...party, role: "unassigned", confidence: 0.1 })),
    rounds: [
      { startTime: at(0), endTime: at(0.4), killmails: 40 },
      { startTime: at(0.55), endTime: at(1), killmails: 60 },
    ],
    doubts: ["lull", "unassigned_parties"],
    suggestions: [{ doubt: "lull", groups: [[killmails[0]?.killmailId], [killmails[1]?.killmailId]] }],
    linkReasons: ["same-people", "moved", "round-two", "same-moment", "tagged"].map((reason, index) => ({
      reason,
      count: 900 >> index,
    })),
    links: detail.links.map((link, index) => ({
      ...link,
      reason: index === 40 ? "round-two" : index % 23 === 0 ? "moved" : link.reason,
    })),
    posterDelayUntil: new Date(Date.now() + 3_600_000).toISOString(),
  };
}

const LONG = "W".repeat(90);
const NAMES = [LONG, "漢字の名前を持つ同盟連合会社", "تحالف النجوم البعيدة", "Ωmega Ünïted Þorn", "a"] as const;
const MANY = 240;

/** Names that are long, without a space or of other scripts; hundreds of parties; killmails without a value. */
export function harsh(detail: Detail): Detail {
  const [first, second] = detail.sides;
  const model = second?.parties[0];
  if (!first || !second || !model) return detail;
  const named = <T extends object>(item: T, index: number): T => ({ ...item, partyName: NAMES[index % NAMES.length] });
  const crowd = Array.from({ length: MANY }, (_, index) => ({
    ...model,
    partyId: `98${String(index).padStart(6, "0")}`,
    ticker: index % 2 ? "WWWWW" : null,
    pilots: 1 + (index % 7),
    iskLost: "0.00",
    pinned: null,
  }));
  return {
    ...detail,
    name: LONG,
    regionName: LONG,
    sides: [
      { ...first, parties: first.parties.map(named) },
      { ...second, iskLost: "0.00", parties: [...second.parties, ...crowd].map(named) },
      ...detail.sides.slice(2),
    ],
    unassigned: crowd.slice(0, 60).map((party, index) => named({ ...party, partyId: `97${party.partyId}` }, index)),
    killmails: detail.killmails.map((mail, index) => ({
      ...mail,
      victimCharacterName: NAMES[index % NAMES.length],
      victimAllianceName: NAMES[(index + 1) % NAMES.length],
      shipTypeName: index % 5 === 0 ? LONG : (mail as Record<string, unknown>).shipTypeName,
      ...(index % 3 === 0 && { iskValue: "0.00" }),
    })),
    topKillers: (detail.topKillers as object[]).map((pilot, index) => ({
      ...pilot,
      characterName: NAMES[index % NAMES.length],
    })),
  };
}

/** The same pilots, with such names. */
export function harshPilots(answer: { items: object[] }): object {
  const items = answer.items.map((pilot, index) => ({
    ...pilot,
    characterName: NAMES[index % NAMES.length],
    corpName: NAMES[(index + 1) % NAMES.length],
    allianceName: NAMES[(index + 2) % NAMES.length],
    shipTypeName: LONG,
    iskLost: "0.00",
  }));
  return { ...answer, items };
}

/** Changes by people with such names and notes. */
export function harshEdits(): object {
  const edit = { battleId: "", killmailIds: [], groups: null, characterId: null, partyType: null, partyId: null };
  const items = ["applied", "undone"].map((state, index) => ({
    ...edit,
    id: `00000000-0000-4000-8000-00000000000${index}`,
    kind: "rename",
    state,
    sideId: null,
    name: LONG,
    author: LONG,
    note: LONG,
    madeAt: new Date().toISOString(),
    undoneAt: null,
    undoneBy: null,
    version: 1,
  }));
  return { items, total: items.length, limit: 50, offset: 0, nextCursor: null, hasMore: false };
}

/** As many killmails and pilots as wanted: those of the battle again, each with an id of its own. */
export function enlarged(detail: Detail, wanted: number, ships = 0): Detail {
  const grow = (items: object[], count: number, key: string): object[] =>
    Array.from({ length: Math.max(count, items.length) }, (_, index) => {
      const item = (items[index % items.length] ?? {}) as Record<string, unknown>;
      return index < items.length ? item : { ...item, [key]: `9${index}${item[key]}`.slice(0, 15), podOf: null };
    });
  const killmails = grow(detail.killmails, wanted, "killmailId") as Mail[];
  const participants = grow(detail.participants as object[], wanted * 2, "characterId");
  const factor = Math.ceil(ships / Math.max(1, shipsSeen(detail)));
  const sides = detail.sides.map((side) => ({
    ...side,
    ships: (side.ships as { seen: number }[]).map((ship) => ({ ...ship, seen: ship.seen * Math.max(1, factor) })),
  }));
  const totals = { totalKills: killmails.length, totalParticipants: participants.length };
  return { ...detail, ...totals, killmails, participants, sides };
}

function shipsSeen(detail: Detail): number {
  return detail.sides.flatMap((side) => side.ships as { seen: number }[]).reduce((sum, ship) => sum + ship.seen, 0);
}

export type Row = { id: string; startTime: string; totalKills: number; [key: string]: unknown };

const ROWS_EVERY_MS = 20 * 60_000;

/** A list of as many battles as wanted over several days, the newest first: those of an answer again and again. */
export function manyBattles(items: readonly Row[], wanted: number): Row[] {
  const newest = Date.parse(items[0]?.startTime ?? "");
  return Array.from({ length: wanted }, (_, index) => ({
    ...(items[index % items.length] as Row),
    id: `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`,
    startTime: new Date(newest - index * ROWS_EVERY_MS).toISOString(),
  }));
}
