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
