import { useRouter } from "@tanstack/react-router";
import { type MouseEvent, type ReactNode, useMemo } from "react";
import type { Highlight, KillmailHit, MatchedType } from "@/api/client";
import { isInside, killmailHref } from "@/lib/found";
import { count } from "@/lib/isk";
import { useIsPhone } from "@/lib/media";
import { nameOf } from "@/lib/names";
import { clock, day, fullTime } from "@/lib/time";
import { Icon } from "@/ui/Icon";
import { Marked } from "@/ui/Marked";
import { Isk, SecBadge } from "@/ui/marks";
import { ShipIcon } from "@/ui/ShipIcon";
import { VirtualRows } from "@/ui/VirtualRows";

const ROW = 44;
const CARD = 72;
const COLUMNS =
  "grid grid-cols-[84px_minmax(140px,1fr)_minmax(140px,1.2fr)_minmax(120px,1fr)_92px_80px] items-center gap-x-3";

/** Ships that were lost. A row opens the killmail in the report of its battle, else at zKillboard. */
export function KillmailRows({ hits }: { hits: readonly KillmailHit[] }) {
  const isPhone = useIsPhone();
  const rows = useMemo(
    () => ({
      length: hits.length,
      height: () => (isPhone ? CARD : ROW),
      keyOf: (index: number) => hits[index]?.killmailId ?? index,
    }),
    [hits, isPhone],
  );
  return (
    <VirtualRows rows={rows}>
      {(index) => {
        const hit = hits[index];
        return hit ? <RowLink hit={hit}>{isPhone ? <Card hit={hit} /> : <Columns hit={hit} />}</RowLink> : null;
      }}
    </VirtualRows>
  );
}

function RowLink({ hit, children }: { hit: KillmailHit; children: ReactNode }) {
  const router = useRouter();
  const href = killmailHref(hit);
  const isOut = !isInside(href);
  const onClick = (event: MouseEvent) => {
    if (isOut || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    void router.navigate({ href });
  };
  return (
    <a
      className="block h-full hover:bg-s2 focus-visible:outline-offset-[-2px]"
      data-row=""
      href={href}
      onClick={onClick}
      {...(isOut && { target: "_blank", rel: "noopener noreferrer" })}
    >
      {children}
    </a>
  );
}

function Columns({ hit }: { hit: KillmailHit }) {
  return (
    <div className={`${COLUMNS} h-full px-3`}>
      <span className="leading-[17px]" title={fullTime(hit.timestamp)}>
        <span className="block">{day(hit.timestamp)}</span>
        <span className="block text-label text-t3">{clock(hit.timestamp)}</span>
      </span>
      <Ship hit={hit} />
      <Victim hit={hit} />
      <System hit={hit} />
      <span className="text-right text-sec text-t2">{attackers(hit)}</span>
      <Value hit={hit} />
    </div>
  );
}

function Card({ hit }: { hit: KillmailHit }) {
  return (
    <div className="flex h-full items-center gap-2.5 px-3">
      <ShipIcon hull={hit.hullClass} size={30} typeId={hit.shipTypeId} />
      <span className="min-w-0 flex-1 leading-[17px]">
        <span className="flex min-w-0 gap-1.5">
          <span className="truncate font-[550]">
            <ShipName hit={hit} />
          </span>
          <span className="shrink-0 text-sec text-t2">
            <Marked marks={marksOf(hit, "system", hit.systemId)} text={hit.systemName} />
          </span>
        </span>
        <Victim hit={hit} />
      </span>
      <span className="shrink-0 text-right leading-[17px]">
        <Value hit={hit} />
        <span className="block text-label text-t3">
          {day(hit.timestamp).slice(5)} {clock(hit.timestamp)}
        </span>
      </span>
    </div>
  );
}

function Ship({ hit }: { hit: KillmailHit }) {
  return (
    <span className="flex min-w-0 items-center gap-2.5">
      <ShipIcon hull={hit.hullClass} size={30} typeId={hit.shipTypeId} />
      <span className="min-w-0 leading-[17px]">
        <span className="block truncate font-[550]">
          <ShipName hit={hit} />
        </span>
        <span className="block truncate text-label text-t3">{hit.shipGroupName}</span>
      </span>
    </span>
  );
}

function ShipName({ hit }: { hit: KillmailHit }) {
  const name = nameOf(hit.shipTypeName, "Ship", hit.shipTypeId);
  return <Marked marks={marksOf(hit, "ship_type", hit.shipTypeId)} text={name} />;
}

function Victim({ hit }: { hit: KillmailHit }) {
  const { victimCharacterId, victimCharacterName, victimAllianceId, victimAllianceName, victimCorpId, victimCorpName } =
    hit;
  const party = victimAllianceName ? (
    <Marked marks={marksOf(hit, "alliance", victimAllianceId)} text={victimAllianceName} />
  ) : (
    <Marked marks={marksOf(hit, "corporation", victimCorpId)} text={victimCorpName ?? ""} />
  );
  return (
    <span className="min-w-0 leading-[17px]">
      <span className="block truncate" dir="auto">
        {victimCharacterName ? (
          <Marked marks={marksOf(hit, "character", victimCharacterId)} text={victimCharacterName} />
        ) : (
          party
        )}
      </span>
      {victimCharacterName && (
        <span className="block truncate text-label text-t3" dir="auto">
          {party}
        </span>
      )}
    </span>
  );
}

function System({ hit }: { hit: KillmailHit }) {
  return (
    <span className="flex min-w-0 items-center gap-2">
      <SecBadge place={hit} systemId={hit.systemId} />
      <span className="min-w-0 leading-[17px]">
        <span className="block truncate">
          <Marked marks={marksOf(hit, "system", hit.systemId)} text={hit.systemName} />
        </span>
        <span className="block truncate text-label text-t3">
          <Marked marks={marksOf(hit, "region", hit.regionId)} text={nameOf(hit.regionName, "Region", hit.regionId)} />
        </span>
      </span>
    </span>
  );
}

function Value({ hit }: { hit: KillmailHit }) {
  return (
    <span className="flex items-center justify-end gap-1.5 font-[550]">
      {hit.iskValue === null ? <span title="The value is unknown">–</span> : <Isk value={hit.iskValue} />}
      {!hit.battleId && (
        <span className="text-t3">
          <Icon name="external" size={13} />
          <span className="sr">at zKillboard, in a new tab</span>
        </span>
      )}
    </span>
  );
}

function marksOf(hit: KillmailHit, type: MatchedType, id: string | null): readonly Highlight[] {
  return hit._matched.find((match) => match.type === type && match.id === id)?.highlights ?? [];
}

function attackers(hit: KillmailHit): string {
  if (hit.npc) return "NPCs";
  return hit.solo ? "solo" : `${count(hit.attackerCount)} attackers`;
}
