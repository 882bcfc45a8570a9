import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { RevisionDiff } from "@/api/client";
import { revisionDiff } from "@/api/reportQueries";
import { count, shortIsk } from "@/lib/isk";
import { zkillboardUrl } from "@/lib/names";
import { Button, OutLink } from "@/ui/controls";
import { ErrorBox, SkeletonRows } from "@/ui/states";
import { useChange, useReport } from "../model/context";
import { shipName, victimName } from "../model/losses";

const MOST = 20;

/** What differs between the two revisions of the address. */
export function Comparison() {
  const { search } = useReport();
  const change = useChange();
  const { rev, vs } = search;
  if (rev === undefined && vs === undefined) return null;
  return (
    <section aria-label="Comparison of revisions" className="panel px-3.5 py-2.5">
      <div className="flex items-center gap-3">
        <h2 className="font-[600]">
          {rev === undefined || vs === undefined
            ? "Choose the other revision"
            : `From revision ${vs} to revision ${rev}`}
        </h2>
        <Button className="!h-6 !px-2 !text-sec" onClick={() => change({ rev: undefined, vs: undefined }, true)}>
          Close
        </Button>
      </div>
      {rev !== undefined && vs !== undefined && <Difference from={vs} to={rev} />}
    </section>
  );
}

function Difference({ from, to }: { from: number; to: number }) {
  const { battle } = useReport();
  const query = useQuery(revisionDiff(battle.id, from, to));
  if (query.isPending) return <SkeletonRows height={28} rows={2} />;
  if (query.isError)
    return <ErrorBox error={query.error} onRetry={() => query.refetch()} what="The revisions cannot be compared." />;
  const { data } = query;
  const isSame = data.added.length + data.removed.length === 0;
  return (
    <>
      <p className="mt-1 text-sec text-t2">{sentence(data)}</p>
      {isSame && <p className="text-sec text-t2">Both have the same killmails.</p>}
      <Mails ids={data.added} title="Added" />
      <Mails ids={data.removed} title="Removed" />
    </>
  );
}

function sentence(diff: RevisionDiff): string {
  const parts = [
    signed(diff.totalKills, "killmails"),
    signed(diff.totalParticipants, "pilots"),
    `${diff.totalIskDestroyed.startsWith("-") ? "" : "+"}${shortIsk(diff.totalIskDestroyed)} ISK`,
    signed(diff.sides, "sides"),
  ];
  return `${parts.join(", ")}.`;
}

function signed(value: number, what: string): string {
  return `${value < 0 ? "−" : "+"}${count(Math.abs(value))} ${what}`;
}

function Mails({ ids, title }: { ids: readonly string[]; title: string }) {
  const { battle } = useReport();
  if (ids.length === 0) return null;
  return (
    <>
      <h3 className="mt-2 text-sec font-[600]">
        {title} <span className="font-[400] text-t3">{count(ids.length)}</span>
      </h3>
      <ul className="text-sec">
        {ids.slice(0, MOST).map((id) => {
          const mail = battle.killmails.find((one) => one.killmailId === id);
          return (
            <li className="border-t border-hair py-1 wrap-anywhere" key={id}>
              {mail ? (
                <Link className="prose-link" params={{ id: battle.id }} search={{ mail: id }} to="/battles/$id/kills">
                  {shipName(mail)} of {victimName(mail)}
                </Link>
              ) : (
                <OutLink href={zkillboardUrl("kill", id)}>Killmail {id}, not in this battle now</OutLink>
              )}
            </li>
          );
        })}
      </ul>
      {ids.length > MOST && <p className="pt-1 text-sec text-t3">and {count(ids.length - MOST)} more</p>}
    </>
  );
}
