import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { memo, type ReactNode, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { BattleBattleDetail, BattleKillmailItem, HullClass } from "@/api/client";
import { HULL_CLASSES, hullLabel } from "@/lib/hulls";
import { count, shortIsk } from "@/lib/isk";
import { useKeys } from "@/lib/keys";
import { nameOf } from "@/lib/names";
import { arrange } from "@/lib/sides";
import { clockSeconds } from "@/lib/time";
import { Chip, OutLink, RemovableChip, Seg, Select } from "@/ui/controls";
import { Icon } from "@/ui/Icon";
import { Isk, LostTag, SideKey, sideClass } from "@/ui/marks";
import { moveRow, openRow } from "@/ui/rows";
import { ShipIcon } from "@/ui/ShipIcon";
import { Empty } from "@/ui/states";
import { spanOf, useChange, useReport } from "./context";
import { KillPanel } from "./KillPanel";
import { type KillRow, killRows } from "./kills";
import { shipName, sideTicker, victimName } from "./losses";
import { partyLabel } from "./parties";
import { TimelinePanel } from "./TimelinePanel";

const ROW = 44;
const MINUTE_ROW = 28;

export function KillsTab() {
  const report = useReport();
  const { battle, search } = report;
  const change = useChange();
  const span = useMemo(() => spanOf({ battle, search }), [battle, search]);
  const left = arrange(battle.sides).left?.sideId;
  const rows = useMemo(() => killRows(battle, search, span, left), [battle, search, span, left]);
  const mails = rows.filter((row) => row.kind === "mail").length;
  useKeys({ j: () => moveRow(1), k: () => moveRow(-1), o: openRow });
  return (
    <>
      <TimelinePanel className="mb-3 max-md:hidden" height={150} />
      <Filters shown={mails} />
      {battle.killmails.length < battle.totalKills && (
        <p className="pb-2 text-sec text-warn">
          The first {count(battle.killmails.length)} of {count(battle.totalKills)} killmails. The export has all of
          them.
        </p>
      )}
      <div className="panel overflow-hidden">
        {rows.length === 0 ? (
          <Empty>No loss matches. Drop a filter above.</Empty>
        ) : (
          <Rows battle={battle} rows={rows} />
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

export function SearchField({ value, onChange }: { value: string; onChange: (text: string) => void }) {
  const [text, setText] = useState(value);
  return (
    <label className="flex h-7 w-44 shrink-0 items-center gap-2 rounded-chip border border-line2 px-2.5 text-t3 focus-within:border-t3 max-md:h-11">
      <Icon name="search" size={14} />
      <span className="sr">Pilot, ship or party</span>
      <input
        className="w-full min-w-0 bg-transparent text-sec text-t1 outline-none placeholder:text-t3"
        onChange={(event) => {
          setText(event.target.value);
          onChange(event.target.value.trim());
        }}
        placeholder="Pilot, ship, party"
        type="search"
        value={text}
      />
    </label>
  );
}

function Rows({ rows, battle }: { rows: readonly KillRow[]; battle: BattleBattleDetail }) {
  const most = useMemo(
    () => Math.max(1, ...rows.map((row) => (row.kind === "mail" ? Math.abs(row.balance) : 0))),
    [rows],
  );
  return (
    <VirtualRows
      height={(index) => (rows[index]?.kind === "minute" ? MINUTE_ROW : ROW)}
      keyOf={(index) => rows[index]?.key ?? index}
      length={rows.length}
    >
      {(index) => {
        const row = rows[index];
        if (!row) return null;
        return row.kind === "minute" ? <MinuteRow row={row} /> : <MailRow battle={battle} most={most} row={row} />;
      }}
    </VirtualRows>
  );
}

type VirtualProps = {
  length: number;
  height: (index: number) => number;
  keyOf: (index: number) => string | number;
  children: (index: number) => ReactNode;
};

/** Rows of known heights in the page's own scroll; only those in sight are in the document. */
export function VirtualRows({ length, height, keyOf, children }: VirtualProps) {
  const box = useRef<HTMLDivElement>(null);
  const [margin, setMargin] = useState(0);
  useLayoutEffect(() => {
    const top = box.current?.getBoundingClientRect().top ?? 0;
    setMargin(top + scrollY);
  }, []);
  const virtual = useWindowVirtualizer({
    count: length,
    estimateSize: height,
    getItemKey: keyOf,
    overscan: 12,
    scrollMargin: margin,
  });
  return (
    <div className="relative" ref={box} role="list" style={{ height: virtual.getTotalSize() }}>
      {virtual.getVirtualItems().map((item) => (
        <div
          aria-posinset={item.index + 1}
          aria-setsize={length}
          className="absolute inset-x-0 top-0 border-b border-hair"
          key={item.key}
          role="listitem"
          style={{ height: item.size, transform: `translateY(${item.start - margin}px)` }}
        >
          {children(item.index)}
        </div>
      ))}
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

type MailRowProps = { row: KillRow & { kind: "mail" }; battle: BattleBattleDetail; most: number };

const MailRow = memo(function MailRow({ row, battle, most }: MailRowProps) {
  const { mail, pod } = row;
  const change = useChange();
  const several = battle.systems.length > 1;
  return (
    <div
      className={`${sideClass(mail.sideId)} side-left group relative flex h-full items-center gap-3 px-3 hover:bg-s2`}
    >
      <button
        aria-label={`${shipName(mail)} of ${victimName(mail)}, ${shortIsk(mail.iskValue)} ISK: details`}
        className="absolute inset-0 focus-visible:outline-offset-[-2px]"
        data-row=""
        onClick={() => change({ mail: mail.killmailId })}
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
      <Balance balance={row.balance} battle={battle} most={most} />
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
function Balance({ balance, most, battle }: { balance: number; most: number; battle: BattleBattleDetail }) {
  const { left, right } = arrange(battle.sides);
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
