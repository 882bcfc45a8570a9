import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import type { EditItem, RevisionItem } from "@/api/client";
import { edits, revisionPages } from "@/api/reportQueries";
import { mayUndo, useAccess } from "@/lib/access";
import { useMinutes } from "@/lib/clock";
import { count, shortIsk } from "@/lib/isk";
import { ago, fullTime } from "@/lib/time";
import { Button } from "@/ui/controls";
import { ScrollX } from "@/ui/ScrollX";
import { ErrorBox, SkeletonRows } from "@/ui/states";
import { useUndo } from "../edit/edits";
import { useChange, useReport } from "../model/context";
import { partyLabel } from "../model/parties";
import { Comparison } from "./Comparison";

const CAUSES: Record<RevisionItem["reason"], string> = {
  created: "The battle was found",
  new_killmail: "A new killmail",
  retroactive_attribution: "A late killmail",
  recluster: "Computed again",
  merge: "Another battle became a part of it",
  split: "A part became a battle of its own",
  edit: "Changed by a person",
  value_changed: "Values changed",
  merged: "Became a part of another battle",
  deleted: "Deleted",
};

/** What changed, when and why; and the changes of people, which can be undone. */
export function HistoryTab() {
  const { battle } = useReport();
  return (
    <div className="grid grid-cols-1 items-start gap-3 lg:grid-cols-[minmax(0,1fr)_380px]">
      <div className="flex min-w-0 flex-col gap-3">
        <Comparison />
        <Revisions id={battle.id} />
      </div>
      <Edits />
    </div>
  );
}

function Revisions({ id }: { id: string }) {
  const list = useInfiniteQuery(revisionPages(id));
  const now = useMinutes();
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <ScrollX className="panel" label="Revisions">
      {list.isPending && <SkeletonRows height={36} rows={8} />}
      {list.isError && (
        <ErrorBox error={list.error} onRetry={() => list.refetch()} what="The revisions cannot be listed." />
      )}
      {list.isSuccess && (
        <table className="w-full text-sec">
          <caption className="sr">Revisions of this battle, newest first</caption>
          <thead>
            <tr className="border-b border-line text-left text-label text-t2">
              <th className="px-3 py-1.5 font-[400]" scope="col">
                Revision
              </th>
              <th className="px-3 py-1.5 font-[400] max-md:hidden" scope="col">
                Made
              </th>
              <th className="px-3 py-1.5 font-[400] max-md:pl-0" scope="col">
                Because
              </th>
              <th className="px-1 py-1.5 font-[400]" scope="col">
                Compare
              </th>
              {["Kills", "ISK", "Pilots", "Sides"].map((head) => (
                <th className="px-3 py-1.5 text-right font-[400] max-md:hidden" key={head} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {items.map((item) => (
              <Revision item={item} key={item.revision} now={now} />
            ))}
          </tbody>
        </table>
      )}
      {list.hasNextPage && (
        <div className="p-2 text-center">
          <Button disabled={list.isFetching} onClick={() => list.fetchNextPage()} tone="ghost">
            Older revisions
          </Button>
        </div>
      )}
    </ScrollX>
  );
}

/** On a phone the figures stand in words below the reason, and the row is no wider than the window. */
function Revision({ item, now }: { item: RevisionItem; now: number }) {
  const { search } = useReport();
  const change = useChange();
  const made = ago(item.madeAt, Math.max(now, Date.parse(item.madeAt)));
  const { added, removed, difference, sides } = item;
  const figure = "px-3 py-1.5 text-right whitespace-nowrap max-md:hidden";
  return (
    <tr className="border-b border-hair last:border-0">
      <th className="px-3 py-1.5 text-left align-top font-[600]" scope="row">
        {item.revision}
      </th>
      <td className="px-3 py-1.5 align-top whitespace-nowrap text-t2 max-md:hidden" title={fullTime(item.madeAt)}>
        {made}
      </td>
      <td className="px-3 py-1.5 align-top max-md:pl-0">
        {CAUSES[item.reason]}
        <span className="block text-t2 md:hidden">
          {made}
          <span className="block">{figuresOf(item)}</span>
        </span>
      </td>
      <td className="px-1 py-1.5 align-top whitespace-nowrap">
        <Pick isOn={search.vs === item.revision} name="from" onPick={(vs) => change({ vs }, true)} of={item} />
        <Pick isOn={search.rev === item.revision} name="to" onPick={(rev) => change({ rev }, true)} of={item} />
      </td>
      <td className={figure}>
        {added.length > 0 && <span className="text-t1">+{added.length}</span>}
        {removed.length > 0 && <span className="text-loss"> −{removed.length}</span>}
        {added.length + removed.length === 0 && <span className="text-t3">–</span>}
      </td>
      <td className={figure}>{signedIsk(difference.totalIskDestroyed) ?? "–"}</td>
      <td className={figure}>{signed(difference.totalParticipants) ?? "–"}</td>
      <td className={figure}>{sides}</td>
    </tr>
  );
}

/** "+3 killmails, +1.2b ISK, +4 pilots, 2 sides": what a revision changed, and the sides that it has. */
function figuresOf({ added, removed, difference, sides }: RevisionItem): string {
  const parts = [
    [signed(added.length), added.length === 1 ? "killmail" : "killmails"],
    [signed(-removed.length), removed.length === 1 ? "killmail" : "killmails"],
    [signedIsk(difference.totalIskDestroyed), "ISK"],
    [signed(difference.totalParticipants), Math.abs(difference.totalParticipants) === 1 ? "pilot" : "pilots"],
    [String(sides), sides === 1 ? "side" : "sides"],
  ];
  return parts.flatMap(([figure, of]) => (figure ? `${figure} ${of}` : [])).join(", ");
}

type PickProps = {
  of: RevisionItem;
  name: "from" | "to";
  isOn: boolean;
  onPick: (revision: number | undefined) => void;
};

/** One end of the comparison. */
function Pick({ of: { revision }, name, isOn, onPick }: PickProps) {
  return (
    <button
      aria-label={`Compare ${name} revision ${revision}`}
      aria-pressed={isOn}
      className={`h-6 rounded-control px-2 max-md:h-11 ${isOn ? "bg-s3 text-t1" : "text-t3 hover:bg-s2 hover:text-t1"}`}
      onClick={() => onPick(isOn ? undefined : revision)}
      type="button"
    >
      {name}
    </button>
  );
}

/** Undefined where nothing changed. */
function signedIsk(isk: string): string | undefined {
  const text = shortIsk(isk);
  return text === "0" ? undefined : text.startsWith("−") ? text : `+${text}`;
}

function signed(change: number): string | undefined {
  return change === 0 ? undefined : `${change < 0 ? "−" : "+"}${count(Math.abs(change))}`;
}

function Edits() {
  const { battle } = useReport();
  const query = useQuery(edits(battle.id));
  const access = useAccess();
  const undo = useUndo(battle.id);
  const now = useMinutes();
  return (
    <section aria-label="Changes by people" className="panel py-2.5">
      <h2 className="px-3.5 pb-1 font-[600]">
        Changes by people {query.data && <span className="font-[400] text-t3">{count(query.data.total)}</span>}
      </h2>
      {query.isPending && <SkeletonRows height={44} rows={3} />}
      {query.isError && (
        <ErrorBox error={query.error} onRetry={() => query.refetch()} what="The changes cannot be listed." />
      )}
      {query.data?.items.length === 0 && <p className="px-3.5 text-t2">Nobody changed this battle.</p>}
      <ul>
        {query.data?.items.map((edit) => (
          <li className="flex items-center gap-3 border-t border-hair px-3.5 py-2" key={edit.id}>
            <span
              className={`min-w-0 flex-1 text-sec wrap-anywhere ${edit.state === "undone" ? "text-t3 line-through" : ""}`}
            >
              {describe(
                edit,
                edit.partyType && edit.partyId ? partyLabel(battle, `${edit.partyType}:${edit.partyId}`) : "",
              )}
              <span className="block text-t3">
                {edit.author}, {ago(edit.madeAt, Math.max(now, Date.parse(edit.madeAt)))}
                {edit.note && `: ${edit.note}`}
                {edit.state === "pending" && ", takes effect soon"}
              </span>
            </span>
            {mayUndo(access, edit) && edit.state !== "undone" && (
              <Button disabled={undo.isPending} onClick={() => undo.mutate(edit)}>
                Undo
              </Button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function describe(edit: EditItem, party: string): string {
  if (edit.kind === "pin") return `${party} put on side ${edit.sideId}`;
  if (edit.kind === "exclude") return `${edit.killmailIds.length} killmails excluded`;
  if (edit.kind === "tag") return `${edit.killmailIds.length} killmails kept together`;
  if (edit.kind === "split") return `Split into ${edit.groups?.length ?? 2} battles`;
  if (edit.kind === "scrub") return "A pilot removed from a killmail";
  return edit.name ? `Named “${edit.name}”` : "Name removed";
}
