import { createFileRoute } from "@tanstack/react-router";
import { battlePages } from "@/api/queries";
import { BattlesPage } from "@/features/battles/BattlesPage";
import { queryOf, readSearch } from "@/features/battles/search";
import { useCleanAddress } from "@/lib/useCleanAddress";

export const Route = createFileRoute("/battles/")({
  validateSearch: readSearch,
  loaderDeps: ({ search }) => readSearch({ ...search }),
  loader: ({ context, deps }) => {
    void context.queryClient.prefetchInfiniteQuery(battlePages(queryOf(deps)));
  },
  component: function Battles() {
    return <BattlesPage search={useCleanAddress(Route.useSearch(), readSearch)} />;
  },
});
