import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import type { PartyItem, SideItem } from "@/api/client";
import { count, shortIsk } from "@/lib/isk";
import { nameOf, partyKey, partyName, zkillboardUrl } from "@/lib/names";
import { clock, clockSeconds, instant } from "@/lib/time";
import { OutLink } from "@/ui/controls";
import { Emblem } from "@/ui/Emblem";
import { Isk, SideKey, sideClass } from "@/ui/marks";
import { dragOf, useDropOnSide } from "../edit/dragging";
import { pinOf, useEdit } from "../edit/edits";
import { PartyMenu } from "../edit/PartyMenu";
import { useReport } from "../model/context";
import { sideName } from "../model/losses";
import { momentsOf } from "../model/moments";

const BEFORE_AND_AFTER = 30;

/** The moments of the fight; each leads to the killmails around it. */
export function HowItWent() {
  const { battle } = useReport();
  const moments = useMemo(() => momentsOf(battle), [battle]);
  const start = instant(battle.startTime);
  if (moments.length === 0) return null;
  return (
    <section aria-label="How it went" className="panel py-2.5">
      <h2 className="px-3.5 pb-1 text-sec font-[600]">How it went</h2>
      <ol>
        {moments.map((moment) => {
          const seconds = Math.round((moment.at - start) / 1000);
          return (
            <li key={`${moment.at}${moment.text}`}>
              <Link
                className="flex gap-3 px-3.5 py-1.5 hover:bg-s2"
                params={{ id: battle.id }}
                search={{ from: Math.max(0, seconds - BEFORE_AND_AFTER), to: seconds + 2 * BEFORE_AND_AFTER }}
                to="/battles/$id/kills"
              >
                <time
                  className="w-9 shrink-0 text-sec text-t2"
                  dateTime={new Date(moment.at).toISOString()}
                  title={clockSeconds(moment.at)}
                >
                  {clock(moment.at)}
                </time>
                <span
                  aria-hidden="true"
                  className={`${sideClass(moment.sideId)} side-fill mt-1.5 size-2 shrink-0 rounded-full`}
                />
                <span className="min-w-0 text-sec wrap-anywhere">{moment.text}</span>
              </Link>
            </li>
          );
        })}
      </ol>
    </section>
  );
}

/** A side that is no main one: smaller, round, hatched. */
export function ThirdParty({ side, editable }: { side: SideItem; editable: boolean }) {
  const { battle } = useReport();
  const drop = useDropOnSide(side.sideId, editable);
  const figures = [
    [count(side.pilots), "pilots seen"],
    [count(side.shipsLost), "ships lost"],
    [shortIsk(side.iskDestroyed), "ISK destroyed"],
  ] as const;
  const shots = useMemo(() => damageBySide(battle.killmails, side.sideId), [battle, side.sideId]);
  const word = side.role === "kill_stealer" ? "took kills only" : side.role === "main" ? "small side" : "third party";
  return (
    <section
      aria-label={`${sideName(side)}, ${word}`}
      className={`${sideClass(side.sideId)} panel side-rule overflow-hidden ${drop.isOver ? "outline-2 outline-focus" : ""}`}
      {...drop.handlers}
    >
      <div className="side-ground border-b border-line px-3.5 py-2.5">
        <div className="flex items-center gap-2">
          <SideKey role={side.role} sideId={side.sideId} />
          <h2 className="truncate font-[650]" dir="auto">
            {sideName(side)}
          </h2>
          <span className="ml-auto shrink-0 text-sec text-t2">{word}</span>
        </div>
        <dl className="mt-1.5 flex justify-between gap-3">
          {figures.map(([figure, label]) => (
            <div className="flex flex-col-reverse" key={label}>
              <dt className="text-label text-t2">{label}</dt>
              <dd className="text-fig font-[650]">{figure}</dd>
            </div>
          ))}
        </dl>
      </div>
      <ul className="max-h-80 overflow-y-auto py-1">
        {side.parties.map((party) => (
          <li
            className="flex h-8 items-center gap-2 px-3.5 max-md:h-11"
            key={partyKey(party)}
            {...(editable && dragOf(party))}
          >
            <Emblem id={party.partyId} size={18} type={party.partyType} />
            <span className="truncate" dir="auto" title={partyName(party)}>
              {partyName(party)}
            </span>
            {party.ticker && <span className="shrink-0 text-label text-t3">[{party.ticker}]</span>}
            <span className="ml-auto text-t2">{count(party.pilots)}</span>
            <span className="w-12 text-right">
              <Isk plain value={party.iskLost} />
            </span>
          </li>
        ))}
      </ul>
      {shots && <p className="border-t border-hair px-3.5 py-2 text-sec text-t2">{shots}</p>}
    </section>
  );
}

type Shot = { sideId: number | null; attackersBySide: readonly { sideId: number | null; damage: number }[] };

/** Whom a side shot: "71 % of its damage at side 2, 29 % at side 1". */
export function damageBySide(mails: readonly Shot[], shooter: number): string | undefined {
  const damage = new Map<number, number>();
  for (const mail of mails) {
    const dealt = mail.attackersBySide.find((side) => side.sideId === shooter)?.damage ?? 0;
    if (mail.sideId !== null && mail.sideId !== shooter && dealt > 0)
      damage.set(mail.sideId, (damage.get(mail.sideId) ?? 0) + dealt);
  }
  const all = [...damage.values()].reduce((sum, value) => sum + value, 0);
  if (all === 0) return undefined;
  const parts = [...damage]
    .sort((a, b) => b[1] - a[1])
    .map(([sideId, value]) => `${Math.round((100 * value) / all)} % at side ${sideId}`);
  return `${parts.length > 1 ? "Shot at several sides" : "Shot at one side"}, of its damage ${parts.join(", ")}.`;
}

/** Parties without a side; a click on a numeral puts them there. */
export function Unassigned({ editable }: { editable: boolean }) {
  const { battle } = useReport();
  if (battle.unassigned.length === 0) return null;
  return (
    <section aria-label="Unassigned" className="side-0 panel side-rule overflow-hidden">
      <div className="flex items-center gap-2 border-b border-line px-3.5 py-2.5">
        <SideKey sideId={null} />
        <h2 className="font-[650]">Unassigned</h2>
        <span className="ml-auto text-sec text-t2">
          {count(battle.unassigned.reduce((sum, party) => sum + party.pilots, 0))} pilots ·{" "}
          {count(battle.unassigned.reduce((sum, party) => sum + party.shipsLost, 0))} lost
        </span>
      </div>
      <ul className="max-h-80 overflow-y-auto py-1">
        {battle.unassigned.map((party) => (
          <UnassignedRow editable={editable} key={partyKey(party)} party={party} />
        ))}
      </ul>
      <p className="border-t border-hair px-3.5 py-2 text-sec text-t2">
        Too little evidence for a side.{editable && " Pin one, and it stays through every recomputation."}
      </p>
    </section>
  );
}

function UnassignedRow({ party, editable }: { party: PartyItem; editable: boolean }) {
  const { battle } = useReport();
  const edit = useEdit(battle.id);
  return (
    <li
      className="flex min-h-8 items-center gap-2 px-3.5 [content-visibility:auto] [contain-intrinsic-size:auto_32px] max-md:min-h-11"
      {...(editable && dragOf(party))}
    >
      <Emblem id={party.partyId} size={18} type={party.partyType} />
      <span className="min-w-0 truncate" dir="auto" title={partyName(party)}>
        {partyName(party)} {party.ticker && <span className="text-t3">[{party.ticker}]</span>}
      </span>
      <span className="ml-auto text-t2">{count(party.pilots)}</span>
      {editable ? (
        <span className="flex gap-1.5">
          {battle.sides.map((side) => (
            <button
              aria-label={`Put ${partyName(party)} on side ${side.sideId}, ${sideName(side)}`}
              className={`${sideClass(side.sideId)} side-text grid size-6 place-items-center rounded-[4px] border border-line2 text-sec font-[650] hover:bg-s3 max-md:size-11`}
              key={side.sideId}
              onClick={() => edit.mutate(pinOf(party, side.sideId))}
              type="button"
            >
              {side.sideId}
            </button>
          ))}
        </span>
      ) : (
        <OutLink className="text-sec" href={zkillboardUrl(party.partyType, party.partyId)}>
          zKill
        </OutLink>
      )}
      {editable && <PartyMenu editable={false} party={party} sideId={0} />}
    </li>
  );
}

export function MostKills() {
  const { battle } = useReport();
  if (battle.topKillers.length === 0) return null;
  return (
    <section aria-label="Most kills" className="panel py-2.5">
      <h2 className="px-3.5 pb-1 text-sec font-[600]">Most kills</h2>
      <ol>
        {battle.topKillers.slice(0, 5).map((pilot) => (
          <li key={pilot.characterId}>
            <a
              className="flex h-10 items-center gap-2.5 px-3.5 hover:bg-s2"
              href={zkillboardUrl("character", pilot.characterId)}
              rel="noopener noreferrer"
              target="_blank"
            >
              <Emblem id={pilot.characterId} size={26} type="character" />
              <span className="min-w-0 flex-1 leading-[16px]">
                <span className="block truncate" dir="auto">
                  {nameOf(pilot.characterName, "Character", pilot.characterId)}
                </span>
                <span className="block text-label text-t3">{shortIsk(pilot.iskDestroyed)} ISK destroyed</span>
              </span>
              <SideKey sideId={pilot.sideId} size={18} />
              <span className="w-8 text-right font-[600]">{count(pilot.kills)}</span>
            </a>
          </li>
        ))}
      </ol>
    </section>
  );
}
