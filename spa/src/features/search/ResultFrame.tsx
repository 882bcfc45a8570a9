import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { MOST_HITS } from "@/api/searches";
import { count } from "@/lib/isk";
import { useKeys } from "@/lib/keys";
import { Button, RemovableChip, Select } from "@/ui/controls";
import { Dialog } from "@/ui/Dialog";
import { type FacetCounts, Facets } from "./Facets";
import { activeFilters, withoutFilters } from "./filters";
import type { NameOf } from "./names";
import type { Change, SearchState, SORTS } from "./search";

type Sort = "" | (typeof SORTS)[number];

type Props = {
  state: SearchState;
  change: Change;
  counts: FacetCounts | undefined;
  nameOf: NameOf;
  /** Undefined while it is not known. */
  total: number | undefined;
  noun: { one: string; many: string };
  sorts: readonly { value: Sort; label: string }[];
  /** What stands above the results. */
  above: ReactNode;
  children: ReactNode;
};

/** Filters beside the results, on narrow windows in a sheet; above them how many there are, by which filters and order. */
export function ResultFrame({ state, change, counts, nameOf, total, noun, sorts, above, children }: Props) {
  const [isOpen, setOpen] = useState(false);
  useKeys({ f: () => setOpen(true) });
  const filters = activeFilters(state, nameOf);
  const isPartial = total !== undefined && total >= MOST_HITS;
  const facets = <Facets change={change} counts={counts} isPartial={isPartial} nameOf={nameOf} state={state} />;
  const found = total === undefined ? undefined : `${totalText(total)} ${total === 1 ? noun.one : noun.many}`;
  return (
    <div className="grid grid-cols-[240px_minmax(0,1fr)] gap-5 max-lg:grid-cols-[minmax(0,1fr)]">
      <section aria-label="Filters" className="max-lg:hidden">
        {facets}
      </section>
      <div className="min-w-0">
        {above}
        <div className="flex flex-wrap items-center gap-2 pb-2">
          <p className="mr-1 text-t2" role="status">
            {found}
          </p>
          <Button
            className="!h-7 !rounded-chip !px-3 !text-sec max-md:!h-11 lg:hidden"
            icon="filter"
            onClick={() => setOpen(true)}
          >
            {filters.length ? `Filters (${filters.length})` : "Filters"}
          </Button>
          {filters.map((filter) => (
            <RemovableChip key={filter.label} label={filter.label} onRemove={() => change(filter.without)} />
          ))}
          {filters.length > 1 && (
            <Link className="prose-link text-sec" search={withoutFilters(state)} to="/search">
              Clear all
            </Link>
          )}
          <span className="ml-auto">
            <Select
              hideLabel
              label="Order"
              onChange={(sort) => change({ sort: sort || undefined })}
              options={sorts}
              value={sorts.some((sort) => sort.value === state.sort) ? (state.sort ?? "") : ""}
            />
          </span>
        </div>
        {children}
      </div>
      <Dialog onClose={() => setOpen(false)} open={isOpen} title="Filters">
        {facets}
        <Button className="mt-4 !h-10 w-full" onClick={() => setOpen(false)} tone="primary">
          {found ? `Show ${found}` : "Show the results"}
        </Button>
      </Dialog>
    </div>
  );
}

/** The server counts up to ten thousand. */
function totalText(total: number): string {
  return total < MOST_HITS ? count(total) : `at least ${count(total)}`;
}
