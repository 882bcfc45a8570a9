import { createFileRoute } from "@tanstack/react-router";
import { HistoryTab } from "@/features/report/tabs/HistoryTab";

export const Route = createFileRoute("/battles/$id/history")({ component: HistoryTab });
