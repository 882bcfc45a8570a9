import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useKeys } from "@/lib/keys";
import { SPACES } from "@/lib/space";
import { SPACE_LABELS } from "@/lib/spaceLabels";
import { Button, Chip, RemovableChip, Select } from "@/ui/controls";
import { Dialog } from "@/ui/Dialog";
import { FilterSheet } from "./FilterSheet";
import { activeFilters, SORT_LABELS, TIME_LABELS } from "./filters";
import { type BattleSearch, readSearch, SORTS, TIMES, timeOf } from "./search";

const SIZES = [
  { value: "", label: "Any size" },
  { value: "skirmish", label: "Skirmish or larger" },
  { value: "battle", label: "Battle or larger" },
  { value: "major", label: "Major" },
] as const;

/** Every change is in the address at once. */
export function FilterBar({ search, total }: { search: BattleSearch; total: number | undefined }) {
  const navigate = useNavigate();
  const [open, setOpen] = useState(false);
  useKeys({ f: () => setOpen(true) });
  const change = (next: Record<string, unknown>) =>
    navigate({ to: "/battles", search: readSearch({ ...search, ...next }) });
  const toggle = (space: (typeof SPACES)[number], on: boolean) => {
    const rest = (search.space ?? []).filter((one) => one !== space);
    change({ space: on ? [...rest, space] : rest });
  };
  return (
    <section
      aria-label="Filters"
      className="no-scrollbar relative flex min-w-0 flex-1 items-center gap-2 overflow-x-auto py-1 md:flex-wrap"
    >
      {SPACES.map((space) => (
        <Chip key={space} on={search.space?.includes(space) ?? false} onChange={(on) => toggle(space, on)}>
          <span aria-hidden="true" className={`dot-${space} size-2 rounded-[2px]`} />
          {SPACE_LABELS[space]}
        </Chip>
      ))}
      <span aria-hidden="true" className="mx-1 h-5 w-px shrink-0 bg-line2" />
      <Select
        hideLabel
        label="Time"
        onChange={(t) => change({ t: t === "all" ? undefined : t })}
        options={TIMES.map((value) => ({ value, label: TIME_LABELS[value] }))}
        value={timeOf(search)}
      />
      <Select hideLabel label="Size" onChange={(tier) => change({ tier })} options={SIZES} value={sizeOf(search)} />
      {activeFilters(search).map((filter) => (
        <RemovableChip
          key={filter.label}
          label={filter.label}
          onRemove={() => navigate({ to: "/battles", search: filter.without })}
        />
      ))}
      <Button className="!h-7 !rounded-chip !px-3 !text-sec max-md:!h-11" icon="filter" onClick={() => setOpen(true)}>
        More
      </Button>
      <span className="ml-auto shrink-0">
        <Select
          hideLabel
          label="Order"
          onChange={(sort) => change({ sort: sort === "start_time" ? undefined : sort, dir: undefined })}
          options={SORTS.map((value) => ({ value, label: SORT_LABELS[value] }))}
          value={search.sort ?? "start_time"}
        />
      </span>
      <Dialog onClose={() => setOpen(false)} open={open} title="Filters">
        <FilterSheet change={change} onClose={() => setOpen(false)} search={search} total={total} />
      </Dialog>
    </section>
  );
}

function sizeOf(search: BattleSearch): (typeof SIZES)[number]["value"] {
  return search.tier === "small" || search.tier === "single" || !search.tier ? "" : search.tier;
}
