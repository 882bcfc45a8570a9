import { useNavigate } from "@tanstack/react-router";
import { useKeys } from "@/lib/keys";
import { moveRow, openRow } from "@/ui/rows";
import { useTitle } from "@/ui/useTitle";
import { BattleResults } from "./BattleResults";
import { KillmailResults } from "./KillmailResults";
import { NameResults } from "./NameResults";
import { SearchHead } from "./SearchHead";
import { type Change, readSearchState, type SearchState, typeOf } from "./search";

/** Battles, killmails or names that fit a text and filters; all of it is in the address. */
export function SearchPage({ state }: { state: SearchState }) {
  const navigate = useNavigate();
  const type = typeOf(state);
  useTitle(state.q ? `${state.q}: search` : "Search");
  useKeys({ j: () => moveRow(1), k: () => moveRow(-1), o: openRow });
  const change: Change = (patch, replace = false) =>
    void navigate({ to: "/search", search: readSearchState({ ...state, ...patch }), replace });
  return (
    <>
      <SearchHead change={change} state={state} />
      {type === "battles" && <BattleResults change={change} state={state} />}
      {type === "killmails" && <KillmailResults change={change} state={state} />}
      {type === "names" && <NameResults state={state} />}
    </>
  );
}
