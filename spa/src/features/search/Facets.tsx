import type { RegionCount } from "@/api/client";
import { HULL_CLASSES, hullLabel } from "@/lib/hulls";
import { count } from "@/lib/isk";
import { keepNames } from "@/lib/knownNames";
import { SPACES } from "@/lib/space";
import { SPACE_LABELS } from "@/lib/spaceLabels";
import { Select } from "@/ui/controls";
import { tierLabel } from "@/ui/marks";
import { FIELD, RangeField } from "@/ui/RangeField";
import { PERIOD_LABELS, RANGE_LABELS, STATUS_LABELS } from "./filters";
import type { NameOf } from "./names";
import { type Change, isUsed, PERIODS, RANGES, type SearchState, STATUSES, TIERS, typeOf } from "./search";

/** How many hits have each value. */
export type FacetCounts = {
  securityType: Record<string, number>;
  tier?: Record<string, number>;
  status?: Record<string, number>;
  hullClass?: Record<string, number>;
  regions: readonly RegionCount[];
};

type Props = {
  state: SearchState;
  change: Change;
  counts: FacetCounts | undefined;
  /** There are more hits than the server counts: each value may have more than it says. */
  isPartial: boolean;
  nameOf: NameOf;
};

const MOST_REGIONS = 8;
const ANY_TIME = { value: "", label: "Any time" } as const;
const PERIOD_OPTIONS = [ANY_TIME, ...PERIODS.map((value) => ({ value, label: PERIOD_LABELS[value] }))];

/** All filters of the type that is searched for; each change takes effect at once. */
export function Facets({ state, change, counts, isPartial, nameOf }: Props) {
  const uses = (key: keyof SearchState) => isUsed(typeOf(state), key);
  return (
    <div className="flex flex-col gap-4">
      <Values
        chosen={state.space}
        counts={counts?.securityType}
        isPartial={isPartial}
        label="Space"
        labelOf={(space) => SPACE_LABELS[space]}
        onChange={(space) => change({ space })}
        values={SPACES}
      />
      {uses("tier") && (
        <Values
          chosen={state.tier}
          counts={counts?.tier}
          isPartial={isPartial}
          label="Size"
          labelOf={tierLabel}
          onChange={(tier) => change({ tier })}
          values={TIERS}
        />
      )}
      {uses("status") && (
        <Values
          chosen={state.status && [state.status]}
          counts={counts?.status}
          isPartial={isPartial}
          label="Status"
          labelOf={(status) => STATUS_LABELS[status]}
          // One of the two; both are all.
          onChange={(statuses) => change({ status: statuses.find((one) => one !== state.status) })}
          values={STATUSES}
        />
      )}
      {uses("hull") && (
        <Values
          chosen={state.hull}
          counts={counts?.hullClass}
          isPartial={isPartial}
          hidesEmpty
          label="Class of the ship lost"
          labelOf={hullLabel}
          onChange={(hull) => change({ hull })}
          values={HULL_CLASSES}
        />
      )}
      <Times change={change} state={state} />
      <Regions change={change} counts={counts} isPartial={isPartial} nameOf={nameOf} state={state} />
      {RANGES.filter(uses).map((key) => (
        <RangeField
          key={key}
          label={RANGE_LABELS[key]}
          onCommit={(range) => change({ [key]: range })}
          value={state[key]}
        />
      ))}
    </div>
  );
}

type ValuesProps<T extends string> = {
  label: string;
  values: readonly T[];
  chosen: readonly T[] | undefined;
  counts: Record<string, number> | undefined;
  isPartial: boolean;
  labelOf: (value: T) => string;
  onChange: (chosen: T[]) => void;
  hidesEmpty?: boolean;
};

/** Alternatives of one filter with their hits. Once some are chosen, the hits of the others are not known. */
function Values<T extends string>({
  label,
  values,
  chosen = [],
  counts,
  isPartial,
  labelOf,
  onChange,
  hidesEmpty,
}: ValuesProps<T>) {
  const shown =
    hidesEmpty && !isPartial ? values.filter((value) => chosen.includes(value) || (counts?.[value] ?? 0) > 0) : values;
  if (shown.length === 0) return null;
  return (
    <fieldset className="min-w-0">
      <legend className="mb-1 text-sec text-t2">{label}</legend>
      {shown.map((value) => {
        const isChosen = chosen.includes(value);
        const hits = counts?.[value] || (chosen.length === 0 && counts && !isPartial ? 0 : undefined);
        return (
          <label
            className="flex min-h-7 cursor-pointer items-center gap-2 rounded-[4px] px-1 hover:bg-s2 max-md:min-h-11"
            key={value}
          >
            <input
              checked={isChosen}
              className="size-4 shrink-0 accent-accent"
              onChange={() => onChange(isChosen ? chosen.filter((one) => one !== value) : [...chosen, value])}
              type="checkbox"
            />
            <span className="truncate" dir="auto">
              {labelOf(value)}
            </span>
            {hits !== undefined && (
              <span className="ml-auto shrink-0 text-sec text-t3">{hitsText(hits, isPartial)}</span>
            )}
          </label>
        );
      })}
    </fieldset>
  );
}

function hitsText(hits: number, isPartial: boolean): string {
  return isPartial ? `${count(hits)}+` : count(hits);
}

/** The regions with the most hits; those of a chosen one remain. */
function Regions({ state, change, counts, isPartial, nameOf }: Props) {
  const found = counts?.regions.slice(0, MOST_REGIONS) ?? [];
  const ids = [...new Set([...(state.region ?? []), ...found.map((region) => region.regionId)])];
  const hits = Object.fromEntries(found.map((region) => [region.regionId, region.count]));
  const labelOf = (id: string) => nameOf("region", id) ?? `Unknown Region #${id}`;
  return (
    <Values
      chosen={state.region}
      counts={counts && hits}
      isPartial={isPartial}
      label="Region"
      labelOf={labelOf}
      onChange={(region) => {
        keepNames(region.map((id) => ({ key: "region", id, name: labelOf(id) })));
        change({ region });
      }}
      values={ids}
    />
  );
}

function Times({ state, change }: { state: SearchState; change: Change }) {
  return (
    <fieldset className="flex min-w-0 flex-col gap-2">
      <legend className="mb-1 text-sec text-t2">Time</legend>
      <Select
        hideLabel
        label="Period"
        onChange={(t) => change({ t: t || undefined, from: undefined, to: undefined })}
        options={PERIOD_OPTIONS}
        value={state.t ?? ""}
      />
      {(["from", "to"] as const).map((key) => (
        <label className="flex items-center gap-2 text-sec text-t2" key={key}>
          <span className="w-10">{key === "from" ? "From" : "Until"}</span>
          <input
            className={FIELD}
            defaultValue={state[key] ?? ""}
            key={state[key]}
            // While a day is typed it is another one with each digit.
            onBlur={(event) => event.target.value !== (state[key] ?? "") && change({ [key]: event.target.value })}
            type="date"
          />
        </label>
      ))}
    </fieldset>
  );
}
