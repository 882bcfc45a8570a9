import { createFileRoute } from "@tanstack/react-router";
import { KillsTab } from "@/features/report/KillsTab";

export const Route = createFileRoute("/battles/$id/kills")({ component: KillsTab });
