import { expect, test } from "vitest";
import type { BattleBattleDetail, BattleKillmailItem, BattleKillmails, PartyItem, SideItem } from "@/api/client";
import { withParty } from "./edit/edits";
import { cutsOf } from "./model/cuts";
import { killRows } from "./model/kills";
import { momentsOf } from "./model/moments";
import { withOwnSide } from "./model/ownSide";
import { countUntil, fleetsOf, lossLine } from "./model/replay";
import { lostLines } from "./model/running";
import { readReportSearch, sharedSearch } from "./model/search";
import { withKillmails } from "./model/wholeBattle";
import { damageBySide } from "./tabs/Rail";
import { partsOf } from "./tabs/TimelineTab";

const at = (time: string) => `2026-11-27T${time}Z`;

type Loss = Partial<BattleKillmailItem> & {
  killmailId: string;
  occurredAt: string;
  sideId: number | null;
  iskValue: string;
};
const mail = (loss: Loss) =>
  ({
    shipTypeId: "1",
    shipTypeName: "Muninn",
    hullClass: "cruiser",
    victimCharacterId: loss.killmailId,
    victimCharacterName: `Pilot ${loss.killmailId}`,
    victimAllianceId: "99",
    victimAllianceName: "Iron Vanguard",
    victimTicker: "IRONV",
    attackerCharacters: [],
    attackersBySide: [],
    podOf: null,
    systemName: "UH-9ZG",
    ...loss,
  }) as BattleKillmailItem;

const party = (partyId: string) =>
  ({ partyType: "alliance", partyId, partyName: `Party ${partyId}`, pilots: 3 }) as PartyItem;
const side = (sideId: number, parties: PartyItem[], role: SideItem["role"] = "main") =>
  ({ sideId, role, parties, ships: [] as SideItem["ships"] }) as SideItem;

const KILLMAILS = [
  mail({ killmailId: "1", occurredAt: at("18:42:05"), sideId: 1, iskValue: "100" }),
  mail({
    killmailId: "2",
    occurredAt: at("18:50:00"),
    sideId: 2,
    iskValue: "5000",
    hullClass: "titan",
    shipTypeName: "Ragnarok",
  }),
  mail({
    killmailId: "3",
    occurredAt: at("18:50:20"),
    sideId: 2,
    iskValue: "10",
    hullClass: "capsule",
    podOf: "2",
    shipTypeName: "Capsule",
  }),
  mail({ killmailId: "4", occurredAt: at("19:30:00"), sideId: 2, iskValue: "300" }),
];
const BATTLE = {
  startTime: at("18:42:05"),
  endTime: at("19:30:00"),
  totalIskDestroyed: "5410.00",
  killmails: KILLMAILS,
  entities: { alliances: [], corporations: [], characters: [] },
  rounds: [
    { startTime: at("18:42:05"), endTime: at("18:50:20"), killmails: 3 },
    { startTime: at("19:30:00"), endTime: at("19:30:00"), killmails: 1 },
  ],
  sides: [
    side(1, [party("99")]),
    side(2, [party("98"), party("97")]),
    side(3, [{ ...party("96"), firstSeenAt: at("18:55:00") }], "third_party"),
  ],
  unassigned: [party("95")],
} as unknown as BattleBattleDetail;

test("the moments are those of the killmails, in their order", () => {
  const moments = momentsOf(BATTLE);
  expect(moments.map((moment) => moment.text)).toEqual([
    "First loss: Muninn of Iron Vanguard",
    "First capital lost: Ragnarok of Iron Vanguard",
    "Ragnarok of Pilot 2 lost, 5k: 92 % of all ISK",
    "From here on Party 99 is ahead in ISK to the end",
    "39m without a loss; 0 % of the pilots return",
    "Party 96 seen for the first time",
    "Last loss: Muninn of Iron Vanguard",
  ]);
  expect(momentsOf({ ...BATTLE, killmails: [] })).toEqual([]);
});

test("a capsule is a part of its ship's row, or a row of its own", () => {
  const folded = killRows(BATTLE, {}, undefined, 1).filter((row) => row.kind === "mail");
  expect(folded.map((row) => [row.mail.killmailId, row.pod?.killmailId])).toEqual([
    ["1", undefined],
    ["2", "3"],
    ["4", undefined],
  ]);
  expect(killRows(BATTLE, { pods: 1, sort: "isk" }, undefined, 1).map((row) => row.key)).toEqual(["2", "4", "1", "3"]);
});

test("the balance is what the others lost more than the left side", () => {
  const balances = killRows(BATTLE, {}, undefined, 1).flatMap((row) => (row.kind === "mail" ? [row.balance] : []));
  expect(balances).toEqual([-100, 4900, 5210]);
});

test("filters of the kills", () => {
  const ids = (search: Parameters<typeof killRows>[1], span?: { from: number; to: number }) =>
    killRows(BATTLE, { pods: 1, ...search }, span, 1).flatMap((row) =>
      row.kind === "mail" ? [row.mail.killmailId] : [],
    );
  expect(ids({ side: 1 })).toEqual(["1"]);
  expect(ids({ hull: "titan" })).toEqual(["2"]);
  expect(ids({ q: "ragnarok" })).toEqual(["2"]);
  expect(ids({ party: "alliance:1" })).toEqual([]);
  expect(ids({}, { from: Date.parse(at("18:50:20")), to: Date.parse(at("19:30:00")) })).toEqual(["3"]);
});

test("a pinned party is on one side only", () => {
  const after = withParty(BATTLE, party("95"), 2);
  expect(after.unassigned).toEqual([]);
  expect(after.sides.map((one) => one.parties.map((entry) => entry.partyId))).toEqual([
    ["99"],
    ["98", "97", "95"],
    ["96"],
  ]);
  const moved = withParty(BATTLE, party("99"), 2);
  expect(moved.sides[0]?.parties).toEqual([]);
});

test("whom a third party shot", () => {
  const shots = [
    {
      sideId: 2,
      attackersBySide: [
        { sideId: 3, damage: 71 },
        { sideId: 1, damage: 900 },
      ],
    },
    { sideId: 1, attackersBySide: [{ sideId: 3, damage: 29 }] },
  ];
  expect(damageBySide(shots, 3)).toBe("Shot at several sides, of its damage 71 % at side 2, 29 % at side 1.");
  expect(damageBySide([], 3)).toBeUndefined();
});

test("the replay has every ship that was seen, once", () => {
  const seen = [
    { hullClass: "cruiser", seen: 4 },
    { hullClass: "capsule", seen: 9 },
  ] as SideItem["ships"];
  const battle = { ...BATTLE, sides: [{ ...side(2, []), ships: seen }] } as BattleBattleDetail;
  const fleet = fleetsOf(battle).get(2);
  expect(fleet?.map((row) => [row.hull, row.seen, row.times.length])).toEqual([
    ["titan", 1, 1],
    ["cruiser", 4, 1],
  ]);
});

test("at each moment of the replay: how much was lost until then", () => {
  const line = lossLine(KILLMAILS);
  const until = (time: string) => countUntil(line.times, Date.parse(at(time)));
  expect([until("18:42:04"), until("18:42:05"), until("18:50:20"), until("23:00:00")]).toEqual([0, 1, 3, 4]);
  expect(line.ships).toEqual([0, 1, 2, 2, 3]);
  expect(line.isk).toEqual(["0.00", "100.00", "5100.00", "5110.00", "5410.00"]);
});

test("parts of a timeline have every loss once", () => {
  const parts = partsOf(KILLMAILS, undefined);
  expect(parts.flatMap((part) => part.mails).length).toBe(KILLMAILS.length);
  expect(partsOf([], undefined)).toEqual([]);
});

test("the address of a report", () => {
  const search = readReportSearch({
    from: "60",
    side: "2",
    party: "alliance:99",
    hull: "titan",
    pods: "1",
    mail: "12",
    order: "name",
    by: "ships",
    t: "95",
    x: "1",
  });
  expect(search).toEqual({
    from: 60,
    side: 2,
    party: "alliance:99",
    hull: "titan",
    pods: 1,
    mail: "12",
    order: "name",
    by: "ships",
    t: 95,
  });
  expect(sharedSearch(search)).toEqual({ from: 60, side: 2, party: "alliance:99", hull: "titan" });
  expect(readReportSearch({ party: "everyone", hull: "barge", mail: "x", by: "isk" })).toEqual({});
});

test("killmails that come in pages name their pilots by the indexes of the whole battle", () => {
  const known = mail({
    killmailId: "1",
    occurredAt: at("18:42:05"),
    sideId: 1,
    iskValue: "1",
    attackerCharacters: [0],
  });
  const named = (id: string) => ({ id, name: `Pilot ${id}` });
  const battle = {
    ...BATTLE,
    killmails: [known],
    entities: { alliances: [], corporations: [], characters: [named("7")] },
  } as BattleBattleDetail;
  const late = {
    ...mail({ killmailId: "2", occurredAt: at("18:50:00"), sideId: 2, iskValue: "1", attackerCharacters: [0, 1] }),
    attackerAlliances: [],
    attackerCorps: [],
    finalBlow: { character: 1, corp: null, alliance: null, shipTypeId: null, shipTypeName: null },
  };
  const page = { items: [late, known], entities: { ...battle.entities, characters: [named("8"), named("7")] } };
  const whole = withKillmails(battle, [page as unknown as BattleKillmails]);
  expect(whole.killmails.map((one) => one.killmailId)).toEqual(["1", "2"]);
  const pilots = (indexes: readonly number[] | undefined) =>
    indexes?.map((index) => whole.entities.characters[index]?.id);
  expect(pilots(whole.killmails[1]?.attackerCharacters)).toEqual(["8", "7"]);
  expect(whole.entities.characters[whole.killmails[1]?.finalBlow?.character ?? -1]?.id).toBe("7");
  expect(withKillmails(battle, [])).toBe(battle);
});

test("a side is one's own if only it has one's alliance or corporation", () => {
  const own = (allianceId: string | null, corpId = "1") =>
    withOwnSide(BATTLE, [{ allianceId, corpId }]).sides.map((one) => "isOwn" in one);
  expect(own("98")).toEqual([false, true, false]);
  expect(own("96")).toEqual([false, false, false]);
  expect(
    withOwnSide(BATTLE, [
      { allianceId: "98", corpId: "1" },
      { allianceId: "99", corpId: "1" },
    ]),
  ).toBe(BATTLE);
});

test("the revisions that are compared are in the address", () => {
  expect(readReportSearch({ rev: "41", vs: "38" })).toEqual({ rev: 41, vs: 38 });
  expect(sharedSearch({ rev: 41, vs: 38 })).toEqual({});
});

test("what a side had lost until a moment only grows, to its sum", () => {
  const [first, second] = lostLines(BATTLE);
  expect([first?.sideId, first?.amounts]).toEqual([1, [100]]);
  expect([second?.sideId, second?.amounts]).toEqual([2, [5000, 5010, 5310]]);
  expect(second?.times).toEqual([...(second?.times ?? [])].sort((a, b) => a - b));
});

test("a suggested split is drawn between its halves, unless they overlap", () => {
  const suggest = (groups: string[][]) =>
    cutsOf({ ...BATTLE, suggestions: [{ doubt: "lull", groups }] as unknown as BattleBattleDetail["suggestions"] });
  expect(suggest([["4"], ["1", "2", "3"]])).toEqual([(Date.parse(at("18:50:20")) + Date.parse(at("19:30:00"))) / 2]);
  expect(suggest([["1", "4"], ["2"]])).toEqual([]);
  expect(suggest([["1"], ["unknown"]])).toEqual([]);
});
