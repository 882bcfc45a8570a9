import { useInfiniteQuery } from "@tanstack/react-query";
import { memo, useEffect, useMemo } from "react";
import type { BattleBattleDetail, ParticipantItem, ParticipantSort } from "@/api/client";
import { type PilotQuery, participantPages } from "@/api/reportQueries";
import { saveCsv, toCsv } from "@/lib/csv";
import { count } from "@/lib/isk";
import { nameOf, zkillboardUrl } from "@/lib/names";
import { linear } from "@/lib/scale";
import { clock, instant } from "@/lib/time";
import { defined } from "@/lib/url";
import { Button, OutLink, RemovableChip, Seg } from "@/ui/controls";
import { HullGlyph } from "@/ui/HullGlyph";
import { Isk, LostTag, SideKey, sideClass } from "@/ui/marks";
import { SearchField } from "@/ui/SearchField";
import { ShipIcon } from "@/ui/ShipIcon";
import { Empty, ErrorBox, SkeletonRows } from "@/ui/states";
import { VirtualRows } from "@/ui/VirtualRows";
import { useChange, useReport } from "../model/context";
import { sideTicker } from "../model/losses";
import { partyLabel } from "../model/parties";
import { pilotRows } from "../model/pilotsCsv";
import type { ReportSearch } from "../model/search";

const ROW = 44;
const COLUMNS =
  "grid grid-cols-[minmax(180px,1.6fr)_minmax(150px,1.3fr)_24px_minmax(110px,1fr)_48px_48px_120px_110px_60px_72px_84px] items-center gap-x-3 px-3 max-xl:grid-cols-[minmax(170px,1.6fr)_minmax(140px,1.3fr)_24px_48px_110px_60px_72px] max-md:grid-cols-[minmax(0,1fr)_24px_44px_64px]";

export function ParticipantsTab() {
  const { battle, search } = useReport();
  const change = useChange();
  const query = useMemo(() => queryOf(search), [search]);
  const list = useInfiniteQuery(participantPages(battle.id, query));
  const pilots = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const most = useMemo(
    () => ({
      done: Math.max(1, ...pilots.map((one) => one.damageDone)),
      taken: Math.max(1, ...pilots.map((one) => one.damageReceived)),
    }),
    [pilots],
  );
  const rows = useMemo(
    () => ({
      length: pilots.length,
      height: () => ROW,
      keyOf: (index: number) => pilots[index]?.characterId ?? index,
    }),
    [pilots],
  );
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  useEffect(() => {
    // All pages, one after the other: a thousand pilots are five answers.
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const sides = [
    { value: "", label: `all ${count(battle.totalParticipants)}` },
    ...battle.sides.map((side) => ({
      value: String(side.sideId),
      label: `${side.sideId} ${sideTicker(side)} ${count(side.pilots)}`,
    })),
  ];
  return (
    <>
      <div className="no-print mb-2 flex flex-wrap items-center gap-2">
        <Seg
          label="Side"
          onChange={(side) => change({ side: side || undefined })}
          options={sides}
          value={search.side === undefined ? "" : String(search.side)}
        />
        {search.party && (
          <RemovableChip label={partyLabel(battle, search.party)} onRemove={() => change({ party: undefined })} />
        )}
        <SearchField onChange={(q) => change({ q: q || undefined }, true)} value={search.q ?? ""} />
        <span aria-live="polite" className="text-sec text-t2">
          {list.data?.pages[0] && `${count(list.data.pages[0].total)} pilots`}
        </span>
        <Button
          className="!h-7 !rounded-chip !px-3 !text-sec max-md:!h-11 md:ml-auto"
          disabled={pilots.length === 0 || hasNextPage}
          icon="download"
          onClick={() => saveCsv(`pilots-${battle.id}.csv`, toCsv(pilotRows(pilots)))}
          title="The pilots of this list, with the filters that are set"
        >
          CSV
        </Button>
      </div>
      <div className="panel overflow-hidden">
        <Head order={search.order ?? "kills"} />
        {list.isPending && <SkeletonRows height={ROW} rows={12} />}
        {list.isError && (
          <ErrorBox error={list.error} onRetry={() => list.refetch()} what="The pilots cannot be listed." />
        )}
        {list.isSuccess && pilots.length === 0 && <Empty>No pilot matches. Drop a filter above.</Empty>}
        <div className={list.isPlaceholderData ? "opacity-60" : ""}>
          <VirtualRows rows={rows}>
            {(index) => {
              const pilot = pilots[index];
              return pilot && <PilotRow battle={battle} most={most} pilot={pilot} />;
            }}
          </VirtualRows>
        </div>
      </div>
    </>
  );
}

function queryOf(search: ReportSearch): PilotQuery {
  const [type, id] = search.party?.split(":") ?? [];
  return defined({
    side: search.side,
    q: search.q,
    hull: search.hull && [search.hull],
    sort: search.order,
    alliance_id: type === "alliance" ? id : undefined,
    corp_id: type === "corporation" ? id : undefined,
  });
}

const BARS = "Square root scale: a bar twice as long is four times as much";
const HEADS: readonly { label: string; order?: ParticipantSort; className?: string; title?: string }[] = [
  { label: "Pilot", order: "name" },
  { label: "Ships", className: "max-md:hidden" },
  { label: "Side" },
  { label: "Party", className: "max-xl:hidden" },
  { label: "Kills", order: "kills", className: "text-right" },
  { label: "Final", order: "final_blows", className: "text-right max-xl:hidden" },
  { label: "Damage done", order: "damage_done", className: "max-md:hidden", title: BARS },
  { label: "Taken", order: "damage_received", className: "max-xl:hidden", title: BARS },
  { label: "Lost", order: "deaths", className: "max-md:hidden" },
  { label: "ISK lost", order: "isk_lost", className: "text-right" },
  { label: "Seen", order: "first_seen", className: "max-xl:hidden" },
];

function Head({ order }: { order: ParticipantSort }) {
  const change = useChange();
  return (
    <div className={`${COLUMNS} h-[30px] border-b border-line text-label text-t2`}>
      {HEADS.map((head) => (
        <span className={head.className} key={head.label} title={head.title}>
          {head.order ? (
            <button
              aria-pressed={order === head.order}
              className={order === head.order ? "text-t1" : "hover:text-t1"}
              onClick={() => change({ order: head.order === "kills" ? undefined : head.order })}
              type="button"
            >
              {head.label}
              {order === head.order && " ↓"}
            </button>
          ) : (
            <span className={head.label === "Side" ? "sr" : ""}>{head.label}</span>
          )}
        </span>
      ))}
    </div>
  );
}

type PilotRowProps = { pilot: ParticipantItem; battle: BattleBattleDetail; most: { done: number; taken: number } };

const PilotRow = memo(function PilotRow({ pilot, battle, most }: PilotRowProps) {
  const [ship, ...more] = pilot.shipsFlown;
  const name = nameOf(pilot.characterName, "Character", pilot.characterId);
  const lost = pilot.lossesDetail[0];
  return (
    <div className={`${COLUMNS} ${pilot.isVictim ? "loss-row" : ""} h-full hover:bg-s2`}>
      <span className="flex min-w-0 items-center gap-2">
        <ShipIcon hull={ship?.hullClass ?? null} size={30} typeId={pilot.shipTypeId} />
        <span className="min-w-0 leading-[17px]">
          <OutLink
            className="block truncate !text-t1 !no-underline hover:!underline"
            href={zkillboardUrl("character", pilot.characterId)}
          >
            {name}
          </OutLink>
          <span className="block truncate text-label text-t3" dir="auto">
            {pilot.allianceTicker ? `[${pilot.allianceTicker}] ` : ""}
            {pilot.corpName ?? "Unknown Corporation"}
            {pilot.isAwoxer && <span className="text-warn"> shot his own</span>}
          </span>
        </span>
      </span>
      <span className="flex min-w-0 items-center gap-1.5 max-md:hidden">
        <span className="truncate">{nameOf(pilot.shipTypeName, "Ship", pilot.shipTypeId)}</span>
        {more.map((other) => (
          <span
            className="text-t3"
            key={other.shipTypeId}
            title={`also ${nameOf(other.shipTypeName, "Ship", other.shipTypeId)}`}
          >
            <HullGlyph hull={other.hullClass} label size={14} />
          </span>
        ))}
      </span>
      <SideKey role={battle.sides.find((side) => side.sideId === pilot.sideId)?.role} sideId={pilot.sideId} size={18} />
      <span className="truncate text-t2 max-xl:hidden" dir="auto">
        {pilot.allianceName ?? pilot.corpName}
      </span>
      <span className="text-right">{count(pilot.kills)}</span>
      <span className="text-right text-t2 max-xl:hidden">{count(pilot.finalBlows)}</span>
      <Damage
        className={`${sideClass(pilot.sideId)} max-md:hidden`}
        fill="side-fill"
        most={most.done}
        value={pilot.damageDone}
      />
      <Damage className="max-xl:hidden" fill="bar-loss" most={most.taken} value={pilot.damageReceived} />
      <span className="flex items-center gap-1 text-sec max-md:hidden">
        {pilot.isVictim && (
          <>
            <LostTag /> {lost && clock(lost.occurredAt)}
          </>
        )}
      </span>
      <span className="text-right">
        {pilot.isVictim ? <Isk value={pilot.iskLost} /> : <span className="text-t3">–</span>}
      </span>
      <Seen battle={battle} pilot={pilot} />
    </div>
  );
});

function Damage({ value, most, fill, className }: { value: number; most: number; fill: string; className: string }) {
  return (
    <span className={`${className} flex items-center gap-2`}>
      <span aria-hidden="true" className="h-1 flex-1 rounded-[2px] bg-s3">
        <span
          className={`${fill} block h-full rounded-[2px]`}
          style={{ width: `${(100 * Math.sqrt(value)) / Math.sqrt(most)}%` }}
        />
      </span>
      <span className="w-11 text-right text-sec text-t2">{count(value)}</span>
    </span>
  );
}

/** From the first to the last killmail of the pilot, inside the battle. */
function Seen({ battle, pilot }: { battle: BattleBattleDetail; pilot: ParticipantItem }) {
  const x = linear([instant(battle.startTime), instant(battle.endTime)], [0, 100]);
  const from = x(instant(pilot.firstSeenAt));
  const to = x(instant(pilot.lastSeenAt));
  const sentence = `seen ${clock(pilot.firstSeenAt)} to ${clock(pilot.lastSeenAt)}`;
  return (
    <span
      aria-label={sentence}
      className={`${sideClass(pilot.sideId)} relative h-2 rounded-[2px] bg-s3 max-xl:hidden`}
      role="img"
      title={sentence}
    >
      <span
        className="side-fill absolute inset-y-0 min-w-0.5 rounded-[2px]"
        style={{ left: `${from}%`, width: `${Math.max(1, to - from)}%` }}
      />
    </span>
  );
}
