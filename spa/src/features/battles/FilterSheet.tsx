import { count } from "@/lib/isk";
import { Button, Seg } from "@/ui/controls";
import { FIELD, RangeField } from "@/ui/RangeField";
import { type BattleSearch, NAME_KEYS, NAMES, RANGE_KEYS, RANGES } from "./search";

type Props = {
  search: BattleSearch;
  total: number | undefined;
  change: (next: Record<string, unknown>) => void;
  onClose: () => void;
};

const STATUS = [
  { value: "", label: "All" },
  { value: "open", label: "Ongoing" },
  { value: "closed", label: "Ended" },
] as const;

/** All filters; a field takes effect when it is left. */
export function FilterSheet({ search, total, change, onClose }: Props) {
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
        onClose();
      }}
    >
      <div className="grid grid-cols-2 gap-3 max-md:grid-cols-1">
        {NAME_KEYS.filter((key) => NAMES[key].name).map((key) => (
          <NameField
            key={key}
            label={NAMES[key].label}
            onCommit={(name) =>
              change({ [key]: [...(search[key] ?? []).filter((one) => /^\d+$/.test(one)), ...(name ? [name] : [])] })
            }
            value={search[key]?.find((one) => !/^\d+$/.test(one)) ?? ""}
          />
        ))}
      </div>
      <div className="grid grid-cols-2 gap-3 max-md:grid-cols-1">
        {RANGE_KEYS.map((key) => (
          <RangeField
            key={key}
            label={RANGES[key].label}
            onCommit={(range) => change({ [key]: range })}
            value={search[key]}
          />
        ))}
      </div>
      <Seg label="Status" onChange={(status) => change({ status })} options={STATUS} value={search.status ?? ""} />
      <Button className="!h-10" tone="primary" type="submit">
        {total === undefined ? "Show the battles" : `Show ${count(total)} ${total === 1 ? "battle" : "battles"}`}
      </Button>
    </form>
  );
}

function NameField({ label, value, onCommit }: { label: string; value: string; onCommit: (name: string) => void }) {
  return (
    <label className="flex flex-col gap-1 text-sec text-t2">
      {label}
      <input
        autoComplete="off"
        className={FIELD}
        defaultValue={value}
        key={value}
        maxLength={100}
        onBlur={(event) => event.target.value.trim() !== value && onCommit(event.target.value.trim())}
        placeholder="Whole name"
      />
    </label>
  );
}
