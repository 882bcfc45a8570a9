import { createFileRoute } from "@tanstack/react-router";
import { battle } from "@/api/queries";
import { ReportFrame } from "@/features/report/frame/ReportFrame";
import { readReportSearch } from "@/features/report/model/search";
import { useCleanAddress } from "@/lib/useCleanAddress";

export const Route = createFileRoute("/battles/$id")({
  validateSearch: readReportSearch,
  loader: ({ context, params }) => {
    void context.queryClient.prefetchQuery(battle(params.id));
  },
  component: function Report() {
    const search = useCleanAddress(Route.useSearch(), readReportSearch);
    return <ReportFrame id={Route.useParams().id} search={search} />;
  },
});
