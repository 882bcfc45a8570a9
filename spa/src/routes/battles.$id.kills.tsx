import { createFileRoute } from "@tanstack/react-router";
import { KillsTab } from "@/features/report/tabs/KillsTab";

export const Route = createFileRoute("/battles/$id/kills")({ component: KillsTab });
