import { Button } from "@/ui/controls";
import { Empty } from "@/ui/states";
import { activeFilters } from "./filters";
import type { NameOf } from "./names";
import type { Change, SearchState } from "./search";

type Props = { state: SearchState; change: Change; nameOf: NameOf; noun: string };

/** Why nothing is found, with the filter to drop first. */
export function NoHits({ state, change, nameOf, noun }: Props) {
  const [filter] = activeFilters(state, nameOf);
  const action = filter && <Button onClick={() => change(filter.without)}>Drop {filter.label}</Button>;
  return (
    <Empty action={action}>
      {state.q ? (
        <>
          No {noun} matches <q dir="auto">{state.q}</q>
          {filter ? " with these filters." : "."}
        </>
      ) : (
        `No ${noun} ${filter ? "matches these filters" : "is known yet"}.`
      )}
    </Empty>
  );
}
