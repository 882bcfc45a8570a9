import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Suggestion } from "@/api/client";
import { splitPreview } from "@/api/reportQueries";
import { mayEdit, useAccess } from "@/lib/access";
import { count, shortIsk } from "@/lib/isk";
import { clock } from "@/lib/time";
import { Button } from "@/ui/controls";
import { ErrorBox, SkeletonRows } from "@/ui/states";
import { useReport } from "../model/context";
import { useEdit } from "./edits";

const REASONS: Record<Suggestion["doubt"], string> = {
  lull: "There is a long silence between two parts.",
  "bridge-kill": "One killmail alone holds two parts together.",
  "sub-fights": "Two parts share few pilots.",
};

/** Where the rules are not sure that this is one fight: what the halves would be, and the split itself. */
export function Suggestions() {
  const { battle } = useReport();
  return battle.suggestions.map((suggestion, index) => (
    <Card index={index} key={suggestion.groups.map((group) => group[0]).join()} suggestion={suggestion} />
  ));
}

function Card({ suggestion, index }: { suggestion: Suggestion; index: number }) {
  const { battle } = useReport();
  const [open, setOpen] = useState(false);
  const editable = mayEdit(useAccess());
  const edit = useEdit(battle.id);
  const split = () =>
    edit.mutate({
      edit: { kind: "split", groups: suggestion.groups, doubt: suggestion.doubt },
      message: "The battle is split",
    });
  return (
    <section
      aria-label="This may be two fights"
      className="rounded-panel border border-line2 bg-warn-ground px-3.5 py-2.5 text-sec"
    >
      <h2 className="font-[600] text-warn">This may be two fights</h2>
      <p className="text-t2">{REASONS[suggestion.doubt]}</p>
      {open && <Halves index={index} />}
      <div className="mt-2 flex gap-2">
        <Button aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? "Hide the split" : "See the split"}
        </Button>
        {editable && <Button onClick={split}>Split here</Button>}
      </div>
    </section>
  );
}

function Halves({ index }: { index: number }) {
  const { battle } = useReport();
  const query = useQuery(splitPreview(battle.id, index, battle.revision));
  if (query.isPending) return <SkeletonRows height={28} rows={2} />;
  if (query.isError)
    return <ErrorBox error={query.error} onRetry={() => query.refetch()} what="The halves cannot be read." />;
  return (
    <table className="mt-2 w-full">
      <caption className="sr">What the parts would be</caption>
      <tbody>
        {query.data.halves.map((half) => (
          <tr className="border-t border-line2" key={half.startTime}>
            <th className="py-1 text-left font-[400]" scope="row">
              {clock(half.startTime)} to {clock(half.endTime)}
            </th>
            <td className="py-1 text-right">{count(half.killmails)} mails</td>
            <td className="py-1 text-right">{count(half.pilots)} pilots</td>
            <td className="py-1 text-right">{shortIsk(half.iskDestroyed)}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <td className="py-1 text-t2" colSpan={4}>
            {count(query.data.sharedPilots)} pilots are in both.
          </td>
        </tr>
      </tfoot>
    </table>
  );
}
