import { createFileRoute } from "@tanstack/react-router";
import { SummaryTab } from "@/features/report/SummaryTab";

export const Route = createFileRoute("/battles/$id/")({ component: SummaryTab });
