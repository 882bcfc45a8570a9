import { createFileRoute } from "@tanstack/react-router";
import { battle } from "@/api/queries";
import { ReportFrame } from "@/features/report/frame/ReportFrame";
import { type ReportSearch, readReportSearch } from "@/features/report/model/search";
import { useCleanAddress } from "@/lib/useCleanAddress";

export const Route = createFileRoute("/battles/$id")({
  // The page reads its address itself, so that no first load has the code for it.
  validateSearch: (raw: Record<string, unknown>) => raw as ReportSearch,
  loader: ({ context, params }) => {
    void context.queryClient.prefetchQuery(battle(params.id));
  },
  component: function Report() {
    const search = useCleanAddress(Route.useSearch(), readReportSearch);
    return <ReportFrame id={Route.useParams().id} search={search} />;
  },
});
