import { createFileRoute } from "@tanstack/react-router";
import { SummaryTab } from "@/features/report/tabs/SummaryTab";

export const Route = createFileRoute("/battles/$id/")({ component: SummaryTab });
