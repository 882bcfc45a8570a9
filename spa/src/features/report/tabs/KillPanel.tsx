import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import type { Attacker, BattleBattleDetail, BattleKillmailItem, WhyLink } from "@/api/client";
import { killmail, why } from "@/api/reportQueries";
import { TugBar } from "@/figures/TugBar";
import { mayEdit, useAccess } from "@/lib/access";
import { count, fullIsk } from "@/lib/isk";
import { nameOf, zkillboardUrl } from "@/lib/names";
import { clockSeconds, duration } from "@/lib/time";
import { Button, OutLink } from "@/ui/controls";
import { Dialog } from "@/ui/Dialog";
import { Icon } from "@/ui/Icon";
import { Isk, SideKey } from "@/ui/marks";
import { ShipIcon } from "@/ui/ShipIcon";
import { ErrorBox, SkeletonRows } from "@/ui/states";
import { useEdit } from "../edit/edits";
import { useReport } from "../model/context";
import { shipName, sideName, victimName } from "../model/losses";
import { REASONS } from "../model/reasons";

const ATTACKERS = 12;
const LINKS = 5;

/** Where a linked killmail is that is not in the same system; jumps are unknown through a wormhole. */
function elsewhere(jumps: number | null): string {
  return jumps === null ? "in another system" : `${jumps} ${jumps === 1 ? "jump" : "jumps"} away`;
}

/** One killmail beside the list: who did it, and why it belongs to this battle. */
export function KillPanel({ mail, onClose }: { mail: BattleKillmailItem | undefined; onClose: () => void }) {
  const { battle } = useReport();
  return (
    <Dialog onClose={onClose} open={mail !== undefined} side title={mail ? `${shipName(mail)} lost` : "Killmail"}>
      {mail && <Content battle={battle} mail={mail} onClose={onClose} />}
    </Dialog>
  );
}

type ContentProps = { battle: BattleBattleDetail; mail: BattleKillmailItem; onClose: () => void };

function Content({ battle, mail, onClose }: ContentProps) {
  return (
    <div className="flex flex-col gap-4">
      <div className="loss-row -mx-4 flex items-center gap-3 px-4 py-2">
        <ShipIcon hull={mail.hullClass} size={56} typeId={mail.shipTypeId} />
        <div className="min-w-0">
          <div className="truncate text-col font-[600]" dir="auto">
            {victimName(mail)}
          </div>
          <div className="truncate text-t2" dir="auto">
            {mail.victimTicker && `[${mail.victimTicker}] `}
            {mail.victimAllianceName ?? nameOf(mail.victimCorpName, "Corporation", mail.victimCorpId)}
          </div>
          <div className="text-sec text-t2">
            {clockSeconds(mail.occurredAt)} EVE, {nameOf(mail.systemName, "System", mail.systemId)}
          </div>
        </div>
        <div className="ml-auto text-right">
          <div className="text-side font-[650]">
            <Isk value={mail.iskValue} />
          </div>
          <SideKey role={battle.sides.find((side) => side.sideId === mail.sideId)?.role} sideId={mail.sideId} />
        </div>
      </div>
      <p className="text-sec text-t2">
        {fullIsk(mail.iskValue)}
        {mail.valueSource === "computed" && `, computed from market prices (${mail.valueConfidence} confidence)`}
        {" · "}
        <OutLink href={mail.zkbUrl}>zKillboard</OutLink>
      </p>
      <Attackers battle={battle} mail={mail} />
      <Why battle={battle} mail={mail} />
      <Changes battle={battle} mail={mail} onClose={onClose} />
    </div>
  );
}

function Attackers({ battle, mail }: { battle: BattleBattleDetail; mail: BattleKillmailItem }) {
  const query = useQuery(killmail(mail.killmailId));
  const sides = useMemo(() => new Map(battle.participants.map((pilot) => [pilot.characterId, pilot.sideId])), [battle]);
  const damage = mail.attackersBySide.reduce((sum, side) => sum + side.damage, 0);
  const shares = mail.attackersBySide.map((side) => {
    const named = battle.sides.find((one) => one.sideId === side.sideId);
    return { ...side, role: named?.role, value: side.damage, name: named ? sideName(named) : "unassigned" };
  });
  const attackers = [...(query.data?.attackers ?? [])].sort((a, b) => b.damageDone - a.damageDone);
  return (
    <section aria-label="Attackers">
      <h3 className="mb-1 font-[600]">
        {mail.attackerCount === 1 ? "1 attacker" : `${count(mail.attackerCount)} attackers`}
      </h3>
      <TugBar
        segments={shares}
        sentence={`Damage: ${shares.map((side) => `${side.name} ${count(side.damage)}`).join(", ")}`}
      />
      <ul className="mt-1.5 text-sec text-t2">
        {shares.map((side) => (
          <li className="flex items-center gap-2 py-0.5" key={String(side.sideId)}>
            <SideKey role={side.role} sideId={side.sideId} size={16} />
            <span className="truncate">{side.name}</span>
            <span className="ml-auto">
              {side.attackers} {side.attackers === 1 ? "attacker" : "attackers"}
            </span>
            <span className="w-12 text-right text-t1">{damage ? Math.round((100 * side.damage) / damage) : 0} %</span>
          </li>
        ))}
      </ul>
      {query.isPending && <SkeletonRows height={32} rows={4} />}
      {query.isError && (
        <ErrorBox error={query.error} onRetry={() => query.refetch()} what="The attackers cannot be read." />
      )}
      <ul className="mt-1">
        {attackers.slice(0, ATTACKERS).map((attacker, index) => (
          <li className="flex h-9 items-center gap-2 border-t border-hair" key={attacker.characterId ?? `npc${index}`}>
            <ShipIcon hull={null} size={26} typeId={attacker.shipTypeId} />
            <span className="min-w-0 flex-1 leading-[15px]">
              <span className="block truncate" dir="auto">
                {attacker.characterId ? (
                  <OutLink
                    className="!no-underline hover:!underline"
                    href={zkillboardUrl("character", attacker.characterId)}
                  >
                    {nameOf(attacker.characterName, "Character", attacker.characterId)}
                  </OutLink>
                ) : (
                  nameOf(attacker.factionName ?? attacker.corpName, "attacker", null)
                )}
                {attacker.finalBlow && <span className="ml-1.5 text-label text-loss">final blow</span>}
              </span>
              <span className="block truncate text-label text-t3">
                {attacker.shipTypeName ?? "Unknown ship"} · {attacker.allianceName ?? attacker.corpName}
              </span>
            </span>
            {attacker.characterId && <SideKey sideId={sides.get(attacker.characterId) ?? null} size={16} />}
            <span className="w-16 text-right text-t2">{count(attacker.damageDone)}</span>
            <RemovePilot attacker={attacker} mail={mail} />
          </li>
        ))}
      </ul>
      {attackers.length > ATTACKERS && (
        <p className="pt-1 text-sec text-t3">and {count(attackers.length - ATTACKERS)} more</p>
      )}
    </section>
  );
}

function Why({ battle, mail }: { battle: BattleBattleDetail; mail: BattleKillmailItem }) {
  const query = useQuery(why(battle.id, mail.killmailId));
  const links = [...(query.data?.links ?? [])].sort((a, b) => b.score - a.score);
  return (
    <section aria-label="Why it is here">
      <h3 className="mb-1 font-[600]">Why it is here</h3>
      {query.isPending && <SkeletonRows height={32} rows={2} />}
      {query.isError && (
        <ErrorBox error={query.error} onRetry={() => query.refetch()} what="The reasons cannot be read." />
      )}
      {query.isSuccess && links.length === 0 && (
        <p className="text-t2">No other killmail links it: it is here alone.</p>
      )}
      <ul>
        {links.slice(0, LINKS).map((link) => (
          <li className="border-t border-hair py-1.5 text-sec" key={link.killmailId}>
            <Reason battle={battle} link={link} />
          </li>
        ))}
      </ul>
      {links.length > LINKS && <p className="text-sec text-t3">and {links.length - LINKS} more links</p>}
    </section>
  );
}

function Reason({ link, battle }: { link: WhyLink; battle: BattleBattleDetail }) {
  const other = battle.killmails.find((one) => one.killmailId === link.killmailId);
  const apart =
    link.deltaSeconds === 0
      ? "at the same second"
      : `${duration(Math.abs(link.deltaSeconds))} ${link.deltaSeconds > 0 ? "later" : "before"}`;
  return (
    <>
      <span className="font-[550]">{REASONS[link.reason]?.label ?? link.reason}</span>{" "}
      <span className="text-t3">score {link.score.toFixed(2)}</span>
      <span className="block text-t2">
        {link.sharedPilotCount === 1 ? "1 pilot is" : `${count(link.sharedPilotCount)} pilots are`} also on{" "}
        {other ? (
          <Link
            className="prose-link"
            params={{ id: battle.id }}
            search={{ mail: other.killmailId }}
            to="/battles/$id/kills"
          >
            the {shipName(other)} of {victimName(other)}
          </Link>
        ) : (
          "another killmail"
        )}
        , {apart}
        {link.sameSystem ? "" : `, ${elsewhere(link.jumps)}`}.
        {link.sharedPilots.length > 0 &&
          ` Among them ${link.sharedPilots
            .slice(0, 3)
            .map((pilot) => nameOf(pilot.name, "Character", pilot.id))
            .join(", ")}.`}
      </span>
    </>
  );
}

/** What can be done with a killmail by those who may edit. */
function Changes({ battle, mail, onClose }: ContentProps) {
  const editable = mayEdit(useAccess());
  const edit = useEdit(battle.id);
  if (!editable) return null;
  const exclude = () => {
    edit.mutate({
      edit: { kind: "exclude", killmailIds: [mail.killmailId] },
      message: `The ${shipName(mail)} is in no battle any more`,
    });
    onClose();
  };
  const keep = () =>
    edit.mutate({
      edit: { kind: "tag", killmailIds: [mail.killmailId] },
      message: `The ${shipName(mail)} stays in this battle`,
    });
  return (
    <div className="flex flex-wrap gap-2">
      <Button onClick={keep} title="Also when the rules would put it into another battle">
        Keep it in this battle
      </Button>
      <Button onClick={exclude}>Exclude this killmail</Button>
    </div>
  );
}

/** Takes a pilot off the killmail, who then counts for no side by it. */
function RemovePilot({ attacker, mail }: { attacker: Attacker; mail: BattleKillmailItem }) {
  const { battle } = useReport();
  const editable = mayEdit(useAccess());
  const edit = useEdit(battle.id);
  if (!editable || !attacker.characterId) return null;
  const characterId = attacker.characterId;
  const name = nameOf(attacker.characterName, "Character", characterId);
  const remove = () =>
    edit.mutate({
      edit: { kind: "scrub", killmailId: mail.killmailId, characterId },
      message: `${name} does not count on this killmail any more`,
    });
  return (
    <button
      aria-label={`Remove ${name} from this killmail`}
      className="grid size-6 shrink-0 place-items-center rounded-control text-t3 hover:bg-s3 hover:text-t1 max-md:size-11"
      onClick={remove}
      title="Remove from this killmail"
      type="button"
    >
      <Icon name="close" size={11} />
    </button>
  );
}
