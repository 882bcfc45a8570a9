import { memo, useMemo } from "react";
import type { BattleBattleDetail, BattleKillmailItem, HullClass, SideItem } from "@/api/client";
import { HULL_CLASSES, hullLabel } from "@/lib/hulls";
import { count, shortIsk } from "@/lib/isk";
import { useKeys } from "@/lib/keys";
import { nameOf } from "@/lib/names";
import { arrange } from "@/lib/sides";
import { clockSeconds } from "@/lib/time";
import { defined } from "@/lib/url";
import { useLatest } from "@/lib/useLatest";
import { Chip, OutLink, RemovableChip, Seg, Select } from "@/ui/controls";
import { Icon } from "@/ui/Icon";
import { Isk, LostTag, SideKey, sideClass } from "@/ui/marks";
import { moveRow, openRow } from "@/ui/rows";
import { SearchField } from "@/ui/SearchField";
import { ShipIcon } from "@/ui/ShipIcon";
import { Empty } from "@/ui/states";
import { VirtualRows } from "@/ui/VirtualRows";
import { TimelinePanel } from "../frame/TimelinePanel";
import { spanOf, useChange, useReport } from "../model/context";
import { type KillRow, killRows } from "../model/kills";
import { shipName, sideName, sideTicker, victimName } from "../model/losses";
import { partyLabel } from "../model/parties";
import { KillPanel } from "./KillPanel";

const ROW = 44;
const MINUTE_ROW = 28;

export function KillsTab() {
  const report = useReport();
  const { battle, search } = report;
  const change = useChange();
  const { from, to } = search;
  const span = useMemo(() => spanOf({ battle, search: defined({ from, to }) }), [battle, from, to]);
  const left = arrange(battle.sides).left?.sideId;
  const { side, party, hull, pods, q, sort } = search;
  // The killmail that is open is in the address too; it changes no row.
  const rows = useMemo(
    () => killRows(battle, defined({ side, party, hull, pods, q, sort }), span, left),
    [battle, side, party, hull, pods, q, sort, span, left],
  );
  const mails = rows.filter((row) => row.kind === "mail").length;
  const open = useLatest((killmailId: string) => change({ mail: killmailId }));
  useKeys({ j: () => moveRow(1), k: () => moveRow(-1), o: openRow });
  return (
    <>
      <TimelinePanel className="mb-3 max-md:hidden" height={150} />
      <Filters shown={mails} />
      <BalanceLegend />
      {battle.killmails.length < battle.totalKills && (
        <p className="pb-2 text-sec text-warn">
          {count(battle.killmails.length)} of {count(battle.totalKills)} killmails; the others are on their way.
        </p>
      )}
      <div className="panel overflow-hidden">
        {rows.length === 0 ? (
          <Empty>No loss matches. Drop a filter above.</Empty>
        ) : (
          <>
            <Head several={battle.systems.length > 1} />
            <Rows battle={battle} onOpen={open} rows={rows} />
          </>
        )}
      </div>
      <KillPanel
        key={search.mail}
        mail={battle.killmails.find((mail) => mail.killmailId === search.mail)}
        onClose={() => change({ mail: undefined }, true)}
      />
    </>
  );
}

function Filters({ shown }: { shown: number }) {
  const report = useReport();
  const { battle, search } = report;
  const change = useChange();
  const hulls = useMemo(() => new Set(battle.killmails.map((mail) => mail.hullClass)), [battle]);
  const options: { value: HullClass | ""; label: string }[] = [
    { value: "", label: "Any hull" },
    ...HULL_CLASSES.filter((hull) => hulls.has(hull)).map((hull) => ({ value: hull, label: hullLabel(hull) })),
  ];
  const sides = [
    { value: "", label: `all ${count(battle.totalKills)}` },
    ...battle.sides.map((side) => ({
      value: String(side.sideId),
      label: `${side.sideId} ${sideTicker(side)} ${count(side.losses)}`,
    })),
  ];
  const span = spanOf(report);
  return (
    <div className="no-print no-scrollbar relative mb-2 flex flex-wrap items-center gap-2 max-md:flex-nowrap max-md:overflow-x-auto">
      <Seg
        label="Side"
        onChange={(side) => change({ side: side || undefined })}
        options={sides}
        value={search.side === undefined ? "" : String(search.side)}
      />
      <Chip on={search.pods === 1} onChange={(on) => change({ pods: on ? 1 : undefined })}>
        Capsules as rows
      </Chip>
      <Select
        hideLabel
        label="Hull"
        onChange={(hull) => change({ hull: hull || undefined })}
        options={options}
        value={search.hull ?? ""}
      />
      {search.party && (
        <RemovableChip label={partyLabel(battle, search.party)} onRemove={() => change({ party: undefined })} />
      )}
      {span && (
        <RemovableChip
          label={`${clockSeconds(span.from)} to ${clockSeconds(span.to)}`}
          onRemove={() => change({ from: undefined, to: undefined })}
        />
      )}
      <SearchField onChange={(q) => change({ q: q || undefined }, true)} value={search.q ?? ""} />
      <span aria-live="polite" className="shrink-0 text-sec text-t2">
        {count(shown)} shown
      </span>
      <span className="ml-auto">
        <Seg
          label="Order"
          onChange={(sort) => change({ sort: sort === "isk" ? "isk" : undefined })}
          options={[
            { value: "time", label: "by time" },
            { value: "isk", label: "by ISK" },
          ]}
          value={search.sort ?? "time"}
        />
      </span>
    </div>
  );
}

type RowsProps = { rows: readonly KillRow[]; battle: BattleBattleDetail; onOpen: (killmailId: string) => void };

function Rows({ rows, battle, onOpen }: RowsProps) {
  const most = useMemo(
    () => Math.max(1, ...rows.map((row) => (row.kind === "mail" ? Math.abs(row.balance) : 0))),
    [rows],
  );
  const ends = useMemo(() => arrange(battle.sides), [battle]);
  const sizes = useMemo(
    () => ({
      length: rows.length,
      height: (index: number) => (rows[index]?.kind === "minute" ? MINUTE_ROW : ROW),
      keyOf: (index: number) => rows[index]?.key ?? index,
    }),
    [rows],
  );
  return (
    <VirtualRows rows={sizes}>
      {(index) => {
        const row = rows[index];
        if (!row) return null;
        if (row.kind === "minute") return <MinuteRow row={row} />;
        return <MailRow battle={battle} ends={ends} most={most} onOpen={onOpen} row={row} />;
      }}
    </VirtualRows>
  );
}

/** What the small bars of the rows mean. */
function BalanceLegend() {
  const { battle } = useReport();
  const { left, right } = arrange(battle.sides);
  if (!left || !right) return null;
  return (
    <p className="mb-2 flex flex-wrap items-center gap-x-4 gap-y-1 text-sec text-t2 max-xl:hidden">
      The small bars show who is ahead in ISK after each loss:
      {[left, right].map((side, index) => (
        <span className="flex min-w-0 items-center gap-1.5" key={side.sideId}>
          <span aria-hidden="true" className={`${sideClass(side.sideId)} side-fill h-2 w-4 rounded-[1px]`} />
          to the {index === 0 ? "left" : "right"} <span className="max-w-60 truncate">{sideName(side)}</span>
        </span>
      ))}
    </p>
  );
}

/** The heads of the columns; what the small bars mean stands with them. */
function Head({ several }: { several: boolean }) {
  return (
    <div className="flex h-[30px] items-center gap-3 border-b border-line pr-3 pl-[15px] text-label text-t2 max-md:hidden">
      <span className="w-14 shrink-0">Time</span>
      <span className="w-[30px] shrink-0" />
      <span className="w-52 min-w-0 shrink">Ship</span>
      <span className="min-w-0 flex-1">Pilot</span>
      {several && <span className="w-24 max-lg:hidden">System</span>}
      <span className="w-56 max-lg:hidden">Attackers</span>
      <span className="w-[18px]">
        <span className="sr">Side</span>
      </span>
      <span
        className="w-15 shrink-0 text-center max-xl:hidden"
        title="Who is ahead in ISK after this loss: a bar to the left is the left side, one to the right the others"
      >
        ◂ ahead ▸
      </span>
      <span className="w-14 text-right">ISK</span>
      <span className="w-[13px]" />
    </div>
  );
}

function MinuteRow({ row }: { row: KillRow & { kind: "minute" } }) {
  return (
    <div className="flex h-full items-center gap-3 bg-s2 px-3.5 text-sec">
      <span className="font-[600]">{row.time}</span>
      <span className="text-t2">{row.ships === 1 ? "1 loss" : `${row.ships} losses`}</span>
    </div>
  );
}

type MailRowProps = {
  row: KillRow & { kind: "mail" };
  battle: BattleBattleDetail;
  ends: Ends;
  most: number;
  onOpen: (killmailId: string) => void;
};
type Ends = { left: SideItem | undefined; right: SideItem | undefined };

const MailRow = memo(function MailRow({ row, battle, ends, most, onOpen }: MailRowProps) {
  const { mail, pod } = row;
  const several = battle.systems.length > 1;
  return (
    <div
      className={`${sideClass(mail.sideId)} side-left group relative flex h-full items-center gap-3 px-3 hover:bg-s2`}
    >
      <button
        aria-label={`${shipName(mail)} of ${victimName(mail)}, ${shortIsk(mail.iskValue)} ISK: details`}
        className="absolute inset-0 focus-visible:outline-offset-[-2px]"
        data-row=""
        onClick={() => onOpen(mail.killmailId)}
        type="button"
      />
      <time className="w-14 shrink-0 text-sec text-t2 max-md:hidden">{clockSeconds(mail.occurredAt)}</time>
      <ShipIcon hull={mail.hullClass} size={30} typeId={mail.shipTypeId} />
      <span className="w-52 min-w-0 shrink leading-[17px] max-md:w-auto max-md:flex-1">
        <span className="flex items-center gap-1.5">
          <span className="truncate font-[550]">{shipName(mail)}</span>
          <LostTag />
        </span>
        <span className="block truncate text-sec text-t2 md:hidden" dir="auto">
          {clockSeconds(mail.occurredAt)} {victimName(mail)}
        </span>
        {pod && (
          <span className="block truncate text-label text-t3 max-md:hidden">
            and its capsule, {shortIsk(pod.iskValue)}
          </span>
        )}
      </span>
      <span className="min-w-0 flex-1 leading-[17px] max-md:hidden">
        <span className="block truncate" dir="auto">
          {victimName(mail)} {mail.victimTicker && <span className="text-t3">[{mail.victimTicker}]</span>}
        </span>
        <span className="block truncate text-label text-t3" dir="auto">
          {mail.victimAllianceName ?? mail.victimCorpName}
        </span>
      </span>
      {several && (
        <span className="w-24 truncate text-sec text-t2 max-lg:hidden">
          {nameOf(mail.systemName, "System", mail.systemId)}
        </span>
      )}
      <FinalBlow battle={battle} mail={mail} />
      <SideKey role={battle.sides.find((side) => side.sideId === mail.sideId)?.role} sideId={mail.sideId} size={18} />
      <Balance balance={row.balance} ends={ends} most={most} />
      <span className="w-14 text-right font-[600]">
        <Isk value={mail.iskValue} />
      </span>
      <OutLink className="relative max-md:hidden" href={mail.zkbUrl}>
        <Icon name="external" size={13} />
        <span className="sr">{shipName(mail)} at zKillboard</span>
      </OutLink>
    </div>
  );
});

function FinalBlow({ battle, mail }: { battle: BattleBattleDetail; mail: BattleKillmailItem }) {
  const blow = mail.finalBlow;
  const pilot = blow?.character == null ? undefined : battle.entities.characters[blow.character];
  const by = pilot ? nameOf(pilot.name, "Character", pilot.id) : blow?.shipTypeName;
  return (
    <span className="w-56 min-w-0 leading-[17px] max-lg:hidden">
      <span className="block truncate text-sec text-t2">
        {mail.attackerCount === 1 ? "1 attacker" : `${count(mail.attackerCount)} attackers`}
      </span>
      <span className="block truncate text-label text-t3" dir="auto">
        {by && `final blow ${by}`}
        {blow?.shipTypeName && pilot && ` (${blow.shipTypeName})`}
      </span>
    </span>
  );
}

/** Who is ahead in ISK after this loss: to the left the left side, to the right the others. */
function Balance({ balance, most, ends }: { balance: number; most: number; ends: Ends }) {
  const { left, right } = ends;
  const ahead = balance >= 0 ? left : right;
  const half = (50 * Math.abs(balance)) / most;
  const sentence = ahead
    ? `Side ${ahead.sideId} is ahead by ${shortIsk(Math.abs(Math.round(balance)).toString())} ISK`
    : "";
  return (
    <span
      className={`${sideClass(ahead?.sideId ?? null)} relative h-4 w-15 shrink-0 max-xl:hidden`}
      role="img"
      aria-label={sentence}
      title={sentence}
    >
      <span className="absolute inset-y-0 left-1/2 w-px bg-line2" />
      <span
        className="side-fill absolute inset-y-1 rounded-[1px]"
        style={balance >= 0 ? { right: "50%", width: `${half}%` } : { left: "50%", width: `${half}%` }}
      />
    </span>
  );
}
