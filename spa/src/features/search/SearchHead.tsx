import { Link } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { isLongEnough, MOST_TYPED, tidy } from "@/lib/searchText";
import { useDebounced } from "@/lib/useDebounced";
import { useLatest } from "@/lib/useLatest";
import { Icon } from "@/ui/Icon";
import { type Change, readSearchState, type SearchState, TYPES, typeOf } from "./search";

const DEBOUNCE_MS = 300;
const TYPE_LABELS = { battles: "Battles", killmails: "Killmails", names: "Names" } as const;

/** The text that is searched for, and what kind of thing is. */
export function SearchHead({ state, change }: { state: SearchState; change: Change }) {
  const { text, setText, submit } = useTypedText(state.q ?? "", change);
  const type = typeOf(state);
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2 pt-2.5 pb-3">
      <h1 className="text-[22px]/[28px] font-[650]" tabIndex={-1}>
        Search
      </h1>
      <search className="min-w-0 flex-1 basis-80">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            submit();
          }}
        >
          <label className="flex h-10 max-w-160 items-center gap-2 rounded-control border border-line2 bg-s1 px-3 text-t3 focus-within:border-t3 max-md:h-11">
            <Icon name="search" />
            <span className="sr">Names, tickers, or a link</span>
            <input
              autoComplete="off"
              className="w-full min-w-0 bg-transparent text-col text-t1 outline-none placeholder:text-t3"
              maxLength={MOST_TYPED}
              onChange={(event) => setText(event.target.value)}
              placeholder="Names, [tickers], links: horde j115422"
              spellCheck={false}
              type="search"
              value={text}
            />
          </label>
        </form>
        {text.trim() !== "" && !isLongEnough(text) && (
          <p className="pt-1 text-sec text-t2" role="status">
            Two characters are needed to search.
          </p>
        )}
      </search>
      <nav aria-label="What is searched for" className="flex gap-0.5">
        {TYPES.map((one) => (
          <Link
            aria-current={one === type ? "page" : undefined}
            className={`rounded-control px-3 py-1.5 font-[500] max-md:py-3 ${one === type ? "bg-s3 text-t1" : "text-t2 hover:text-t1"}`}
            key={one}
            search={readSearchState({ ...state, type: one, sort: undefined })}
            to="/search"
          >
            {TYPE_LABELS[one]}
          </Link>
        ))}
      </nav>
    </div>
  );
}

/** The text of the field: it goes into the address when typing rests, and follows it when the address changes. */
function useTypedText(q: string, change: Change) {
  const [text, setText] = useState(q);
  const committed = useRef(q);
  const settled = useDebounced(text, DEBOUNCE_MS);
  const commit = useLatest((typed: string, replace: boolean) => {
    const next = tidy(typed);
    if (next === committed.current) return;
    committed.current = next;
    change({ q: next || undefined }, replace);
  });
  useEffect(() => commit(settled, true), [settled, commit]);
  useEffect(() => {
    if (q === committed.current) return;
    committed.current = q;
    setText(q);
  }, [q]);
  return { text, setText, submit: () => commit(text, false) };
}
