import { createFileRoute } from "@tanstack/react-router";
import { SearchPage } from "@/features/search/SearchPage";
import { readSearchState, type SearchState } from "@/features/search/search";
import { useCleanAddress } from "@/lib/useCleanAddress";

export const Route = createFileRoute("/search")({
  // The page reads its address itself, so that no first load has the code for it.
  validateSearch: (raw: Record<string, unknown>) => raw as SearchState,
  component: function Search() {
    return <SearchPage state={useCleanAddress(Route.useSearch(), readSearchState)} />;
  },
});
