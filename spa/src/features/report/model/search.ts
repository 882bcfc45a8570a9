import type { HullClass, ParticipantSort } from "@/api/client";
import type { Measure } from "@/figures/buckets";
import { HULL_CLASSES } from "@/lib/hulls";
import { choice, defined, ids, text, whole } from "@/lib/url";

/** The state of a report in its address. `from` and `to` are seconds since the start, as times change with late mails. */
export type ReportSearch = {
  from?: number;
  to?: number;
  side?: number;
  party?: string;
  hull?: HullClass;
  pods?: 1;
  q?: string;
  by?: Measure;
  sort?: "isk";
  order?: ParticipantSort;
  mail?: string;
  t?: number;
  /** The revisions that History compares: what `rev` has that `vs` has not, and the other way round. */
  rev?: number;
  vs?: number;
};

const ORDERS = [
  "kills",
  "deaths",
  "isk_destroyed",
  "isk_lost",
  "damage_done",
  "damage_received",
  "final_blows",
  "first_seen",
  "name",
] as const satisfies readonly ParticipantSort[];

export function readReportSearch(raw: Record<string, unknown>): ReportSearch {
  const party = text(raw.party);
  return defined({
    from: whole(raw.from),
    to: whole(raw.to),
    side: whole(raw.side),
    party: party && /^(alliance|corporation|faction|character):\d{1,18}$/.test(party) ? party : undefined,
    hull: choice(raw.hull, HULL_CLASSES),
    pods: text(raw.pods) === "1" ? (1 as const) : undefined,
    q: text(raw.q)?.slice(0, 100),
    by: choice(raw.by, ["ships", "damage"] as const),
    sort: choice(raw.sort, ["isk"] as const),
    order: choice(raw.order, ORDERS),
    mail: ids(raw.mail)?.[0],
    t: whole(raw.t),
    rev: whole(raw.rev),
    vs: whole(raw.vs),
  });
}

/** What stays when the tab changes: the window of time, the side, the party and the hull. */
export function sharedSearch({ from, to, side, party, hull }: ReportSearch): ReportSearch {
  return defined({ from, to, side, party, hull });
}
