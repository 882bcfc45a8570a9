import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { namesFound } from "@/api/searches";
import { useMinutes } from "@/lib/clock";
import { type Found, keepFoundName, NAMED_KEYS } from "@/lib/found";
import { FoundLink } from "@/ui/FoundLink";
import { Icon } from "@/ui/Icon";
import { type Change, isUsed, queryTextOf, readSearchState, type SearchState, typeOf } from "./search";

const MOST = 3;

type Props = { state: SearchState; change: Change };

/** The names that the text may mean, each with its own battles; the results report what fails here. */
export function BestNames({ state, change }: Props) {
  const q = queryTextOf(state);
  const names = useQuery({ ...namesFound(q ?? ""), enabled: q !== undefined });
  const now = useMinutes();
  const best = names.data?.groups.flatMap((group) => group.items).slice(0, MOST) ?? [];
  const total = names.data?.total ?? 0;
  if (!q || best.length === 0) return null;
  return (
    <section aria-label="Names" className={`panel mb-3 ${names.isPlaceholderData ? "opacity-60" : ""}`}>
      <ul>
        {best.map((found) => (
          <li className="flex border-b border-hair [ul:last-child>&]:last:border-0" key={found.href}>
            <span className="min-w-0 flex-1">
              <FoundLink found={found} now={now} />
            </span>
            <Only change={change} found={found} state={state} />
          </li>
        ))}
      </ul>
      {total > MOST && (
        <Link
          className="block px-3 py-2 text-sec text-t2 hover:text-t1 max-md:py-3"
          search={readSearchState({ ...state, type: "names" })}
          to="/search"
        >
          All {total} names
        </Link>
      )}
    </section>
  );
}

/** Takes the name for a filter instead of a text: it then means this one alone. */
function Only({ found, state, change }: Props & { found: Found }) {
  const key = NAMED_KEYS[found.kind];
  if (!key || !isUsed(typeOf(state), key)) return <span className="w-11 shrink-0" />;
  const onClick = () => {
    keepFoundName(found);
    change({ q: undefined, [key]: [found.id] });
  };
  return (
    <button
      aria-label={`Search with ${found.name} as a filter`}
      className="grid w-11 shrink-0 place-items-center text-t3 hover:bg-s2 hover:text-t1 focus-visible:outline-offset-[-2px]"
      onClick={onClick}
      type="button"
    >
      <Icon name="filter" />
    </button>
  );
}
