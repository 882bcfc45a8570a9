import { createFileRoute } from "@tanstack/react-router";
import { battle } from "@/api/queries";
import { ReportFrame } from "@/features/report/ReportFrame";
import { readReportSearch } from "@/features/report/search";

export const Route = createFileRoute("/battles/$id")({
  validateSearch: readReportSearch,
  loader: ({ context, params }) => {
    void context.queryClient.prefetchQuery(battle(params.id));
  },
  component: function Report() {
    return <ReportFrame id={Route.useParams().id} search={Route.useSearch()} />;
  },
});
