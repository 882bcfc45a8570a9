import { useSeconds } from "@/lib/clock";
import { isLongEnough, readTyped } from "@/lib/searchText";
import { Button } from "@/ui/controls";
import { SkeletonRows } from "@/ui/states";
import type { Completion } from "./useSuggestions";

const ROW = 40;

/** What stands above the choices while there is no whole answer: why, and what helps. */
export function PaletteState({ completion, typed }: { completion: Completion; typed: string }) {
  const { suggestions, isPending, failure } = completion;
  const { scope, q } = readTyped(typed);
  if (scope === "actions") return null;
  if (failure) return <Failure failure={failure} retry={completion.retry} />;
  if (!isLongEnough(q)) return q ? <Sentence>Two characters are needed to search.</Sentence> : null;
  if (!suggestions) return isPending ? <SkeletonRows height={ROW} rows={4} /> : null;
  if (isPending) return null;
  const found = suggestions.groups.reduce((sum, group) => sum + group.items.length, 0);
  return (
    <>
      {suggestions.isPartial && (
        <Sentence isWarning>The search for battles does not answer. These names come from the database.</Sentence>
      )}
      <p className={found === 0 ? "px-3 py-2 text-t2" : "sr"} role="status">
        {found === 0 ? (
          <>
            Nothing is called <q dir="auto">{q}</q>. Only who was in a battle, and where battles were, is known.
          </>
        ) : (
          `${found} found`
        )}
      </p>
    </>
  );
}

function Failure({ failure, retry }: { failure: NonNullable<Completion["failure"]>; retry: () => void }) {
  const now = useSeconds();
  const seconds = failure.again === undefined ? 0 : Math.ceil((failure.again - now) / 1000);
  return (
    <div
      className="m-1 flex items-center gap-3 rounded-control bg-warn-ground px-3 py-2 text-sec text-warn"
      role="alert"
    >
      <span className="min-w-0 flex-1">
        {failure.sentence}
        {seconds > 0 && <span aria-hidden="true"> Trying again in {seconds} s.</span>}
      </span>
      <Button onClick={retry}>Try again</Button>
    </div>
  );
}

function Sentence({ children, isWarning }: { children: string; isWarning?: boolean }) {
  return (
    <p className={`px-3 py-2 text-sec ${isWarning ? "text-warn" : "text-t2"}`} role="status">
      {children}
    </p>
  );
}
