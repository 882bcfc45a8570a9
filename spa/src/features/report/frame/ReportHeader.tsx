import { Link } from "@tanstack/react-router";
import type { BattleBattleDetail, BattleItem } from "@/api/client";
import { useMinutes } from "@/lib/clock";
import { dotlanUrl, nameOf, relatedUrls } from "@/lib/names";
import { ago, clock, day, duration, fullTime, instant } from "@/lib/time";
import { Button, OutLink } from "@/ui/controls";
import { Menu } from "@/ui/Menu";
import { SecBadge, StatusTag, TierMeter } from "@/ui/marks";
import { Note } from "@/ui/states";
import { MergeButton } from "../edit/MergeButton";
import { RenameButton } from "../edit/RenameButton";
import { ShareMenu } from "./ShareMenu";

/** Where, when and how large; actions and the same battle elsewhere. */
export function ReportHeader({
  battle,
  detail,
}: {
  battle: BattleItem | BattleBattleDetail;
  detail: BattleBattleDetail | undefined;
}) {
  const related = relatedUrls(battle.systemId, battle.startTime);
  const system = nameOf(battle.systemName, "System", battle.systemId);
  const sameDay = day(battle.startTime) === day(battle.endTime);
  return (
    <header className="pt-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <SecBadge place={battle} systemId={battle.systemId} />
        <h1 className="min-w-0 text-page font-[650] wrap-anywhere" tabIndex={-1}>
          {system} {battle.systemEffect && <span className="font-[400] text-t2">{battle.systemEffect} </span>}
          <span className="font-[400] text-t3">{nameOf(battle.regionName, "Region", battle.regionId)}</span>
        </h1>
        <span className="flex items-center gap-3">
          <TierMeter tier={battle.tier} />
          <StatusTag status={battle.status} />
        </span>
        {battle.name && <span className="min-w-0 text-col text-t2 wrap-anywhere">“{battle.name}”</span>}
        <div className="no-print ml-auto flex flex-wrap gap-2">
          {detail && <MergeButton battle={detail} />}
          {detail && <RenameButton battle={detail} />}
          <ExportMenu id={battle.id} />
          <ShareMenu id={battle.id} />
        </div>
      </div>
      <div className="mt-1 mb-2.5 flex flex-wrap items-center gap-x-4 gap-y-1 text-sec text-t2">
        <span className="text-body text-t1" title={`${fullTime(battle.startTime)} to ${fullTime(battle.endTime)}`}>
          {day(battle.startTime)} {clock(battle.startTime)} to {!sameDay && `${day(battle.endTime)} `}
          {clock(battle.endTime)} <span className="text-t2">EVE</span>
        </span>
        <span>
          {duration(battle.duration)}
          {detail && detail.rounds.length > 1 && ` in ${detail.rounds.length} rounds`}
        </span>
        {battle.systems.length > 1 && <Systems battle={battle} />}
        <Revision battle={battle} />
        <span className="ml-auto flex gap-3 max-md:ml-0">
          <OutLink href={related.zkillboard}>zKillboard</OutLink>
          <OutLink href={related.evetools}>evetools</OutLink>
          <OutLink href={related.warbeacon}>WarBeacon</OutLink>
          <OutLink href={dotlanUrl(system)}>Dotlan</OutLink>
        </span>
      </div>
      {detail && <Strips battle={detail} />}
    </header>
  );
}

function Systems({ battle }: { battle: BattleItem | BattleBattleDetail }) {
  return (
    <span>
      {battle.systems.length} systems:{" "}
      {battle.systems.map((system, index) => (
        <span key={system.systemId}>
          {index > 0 && ", "}
          <Link className="hover:text-t1 hover:underline" search={{ system: [system.systemId] }} to="/battles">
            {nameOf(system.systemName, "System", system.systemId)}
          </Link>
        </span>
      ))}
    </span>
  );
}

function Revision({ battle }: { battle: BattleItem | BattleBattleDetail }) {
  const now = useMinutes();
  return (
    <Link className="hover:text-t1 hover:underline" params={{ id: battle.id }} to="/battles/$id/history">
      revision {battle.revision}, last loss {ago(battle.lastKillmailAt, Math.max(now, instant(battle.lastKillmailAt)))}
    </Link>
  );
}

function ExportMenu({ id }: { id: string }) {
  const file = (format: string) => `/api/battles/${id}/export?format=${format}`;
  const entries = () => [
    { key: "json", content: "Everything as JSON", href: file("json") },
    { key: "csv", content: "Killmails as CSV", href: file("csv") },
  ];
  return <Menu button={<Button icon="download">Export</Button>} entries={entries} label="Export" />;
}

const DOUBTS: Record<string, string> = {
  unassigned_parties: "Some parties have too little evidence for a side.",
  separate_fights: "These look like two separate fights.",
  lull: "There is a long lull in the middle; it may be two fights.",
  "bridge-kill": "One killmail alone holds two parts together.",
  "sub-fights": "Parts of this battle share few pilots.",
};

function Strips({ battle }: { battle: BattleBattleDetail }) {
  const now = useMinutes();
  const isLate = instant(battle.posterDelayUntil) > now;
  const doubts = battle.doubts.map((doubt) => DOUBTS[doubt] ?? doubt.replaceAll(/[_-]/g, " "));
  if (!isLate && doubts.length === 0) return null;
  return (
    <div className="mb-2.5 flex flex-col gap-2">
      {doubts.length > 0 && <Note title="Not sure.">{doubts.join(" ")}</Note>}
      {isLate && (
        <Note title="Killmails may still arrive.">
          Posters can hold killmails up to 72 hours, here until {day(battle.posterDelayUntil)}{" "}
          {clock(battle.posterDelayUntil)} EVE.
        </Note>
      )}
    </div>
  );
}
