import { useQuery } from "@tanstack/react-query";
import { namesFound } from "@/api/searches";
import { useMinutes } from "@/lib/clock";
import { KIND_LABELS } from "@/lib/found";
import { FoundLink } from "@/ui/FoundLink";
import { Empty, ErrorBox, SkeletonRows } from "@/ui/states";
import { queryTextOf, type SearchState } from "./search";

const ROW = 44;

/** Pilots, corporations, alliances, systems and ships of that name, the best match first. */
export function NameResults({ state }: { state: SearchState }) {
  const q = queryTextOf(state);
  const names = useQuery({ ...namesFound(q ?? ""), enabled: q !== undefined });
  const now = useMinutes();
  if (!q) return <Empty>Type a name, or a ticker in brackets: [CONDI].</Empty>;
  if (names.isPending) return <SkeletonRows height={ROW} rows={10} />;
  if (names.isError) {
    return <ErrorBox error={names.error} onRetry={() => names.refetch()} what="Names cannot be searched." />;
  }
  const { groups } = names.data;
  if (groups.length === 0) {
    return (
      <Empty>
        Nothing is called <q dir="auto">{q}</q>. Only who was in a battle, and where battles were, is known.
      </Empty>
    );
  }
  return (
    <div className={`flex flex-col gap-4 ${names.isPlaceholderData ? "opacity-60" : ""}`}>
      {groups.map(({ kind, items }) => (
        <section aria-label={KIND_LABELS[kind]} className="panel" key={kind}>
          <h2 className="border-b border-line px-4 py-2 text-sec text-t2">{KIND_LABELS[kind]}</h2>
          <ul>
            {items.map((found) => (
              <li className="border-b border-hair last:border-0" key={found.id}>
                <FoundLink found={found} now={now} />
              </li>
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}
