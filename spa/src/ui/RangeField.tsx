import { useId } from "react";
import { ends } from "@/lib/ranges";
import { digitsOf, rangeOf } from "@/lib/rangeText";

export const FIELD = "h-9 w-full rounded-control border border-line2 bg-bg px-2 text-t1 max-md:h-11";

type Props = { label: string; value: string | undefined; onCommit: (range: string | undefined) => void };

/** The least and the most of a number; an end takes effect when its field is left, or by Enter. */
export function RangeField({ label, value, onCommit }: Props) {
  const id = useId();
  const { min, max } = ends(value);
  const commit = (which: "min" | "max", typed: string) => {
    const digits = digitsOf(typed);
    const next = rangeOf(which === "min" ? digits : min, which === "max" ? digits : max);
    if (next !== value) onCommit(next);
  };
  return (
    <fieldset className="flex min-w-0 flex-col gap-1 text-sec text-t2">
      <legend className="mb-1">{label}</legend>
      <div className="flex items-center gap-2">
        {(["min", "max"] as const).map((which) => (
          <input
            aria-label={`${label}, ${which === "min" ? "at least" : "at most"}`}
            className={FIELD}
            defaultValue={which === "min" ? min : max}
            id={`${id}-${which}`}
            inputMode="numeric"
            key={`${which}${value}`}
            onBlur={(event) => commit(which, event.target.value)}
            onKeyDown={(event) => event.key === "Enter" && commit(which, event.currentTarget.value)}
            placeholder={which === "min" ? "at least" : "at most"}
          />
        ))}
      </div>
    </fieldset>
  );
}
