import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { BattleBattleDetail, BattleItem } from "@/api/client";
import { battlesBy } from "@/api/queries";
import { mayEdit, useAccess } from "@/lib/access";
import { count, shortIsk } from "@/lib/isk";
import { nameOf, partyName } from "@/lib/names";
import { arrange } from "@/lib/sides";
import { clock, day, duration, instant } from "@/lib/time";
import { Button } from "@/ui/controls";
import { Dialog } from "@/ui/Dialog";
import { Empty, ErrorBox, SkeletonRows } from "@/ui/states";
import { useEdit } from "./edits";

const AROUND_MS = 6 * 3_600_000;
const MOST = 30;

/** Makes another battle of the region and the hours around a part of this one; for those who may edit. */
export function MergeButton({ battle }: { battle: BattleBattleDetail }) {
  const editable = mayEdit(useAccess());
  const [open, setOpen] = useState(false);
  if (!editable) return null;
  return (
    <>
      <Button onClick={() => setOpen(true)}>Merge</Button>
      <Dialog onClose={() => setOpen(false)} open={open} title="Merge with another battle">
        <Candidates battle={battle} onClose={() => setOpen(false)} />
      </Dialog>
    </>
  );
}

function Candidates({ battle, onClose }: { battle: BattleBattleDetail; onClose: () => void }) {
  const edit = useEdit(battle.id);
  const list = useQuery(
    battlesBy({
      region_id: [battle.regionId],
      start_time_after: new Date(instant(battle.startTime) - AROUND_MS).toISOString(),
      start_time_before: new Date(instant(battle.endTime) + AROUND_MS).toISOString(),
      limit: MOST,
    }),
  );
  const others = list.data?.items.filter((item) => item.id !== battle.id) ?? [];
  const merge = (other: BattleItem) => {
    const place = nameOf(other.systemName, "System", other.systemId);
    edit.mutate({
      edit: { kind: "tag", battleIds: [other.id] },
      message: `The battle in ${place} at ${clock(other.startTime)} is a part of this one`,
    });
    onClose();
  };
  return (
    <>
      <p className="mb-2 text-sec text-t2">
        Battles of this region, from six hours before to six hours after. Undo in History takes a merge back.
      </p>
      {list.isPending && <SkeletonRows height={44} rows={4} />}
      {list.isError && (
        <ErrorBox error={list.error} onRetry={() => list.refetch()} what="The battles cannot be listed." />
      )}
      {list.isSuccess && others.length === 0 && <Empty>No other battle was near.</Empty>}
      <ul>
        {others.map((other) => (
          <li className="flex min-h-11 items-center gap-3 border-t border-hair py-1" key={other.id}>
            <span className="min-w-0 flex-1 text-sec">
              <span className="block truncate">
                <strong className="font-[550]">{nameOf(other.systemName, "System", other.systemId)}</strong>{" "}
                {day(other.startTime)} {clock(other.startTime)}, {duration(other.duration)}
              </span>
              <span className="block truncate text-t2" dir="auto">
                {sidesOf(other)} · {count(other.totalKills)} mails · {shortIsk(other.totalIskDestroyed)}
              </span>
            </span>
            <Button onClick={() => merge(other)}>Merge</Button>
          </li>
        ))}
      </ul>
    </>
  );
}

function sidesOf(battle: BattleItem): string {
  const { left, right } = arrange(battle.sides);
  const names = [left, right].flatMap((side) => (side?.topParty ? [partyName(side.topParty)] : []));
  return names.join(" v ") || "no side is known";
}
