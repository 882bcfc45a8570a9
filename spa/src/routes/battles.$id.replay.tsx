import { createFileRoute } from "@tanstack/react-router";
import { ReplayTab } from "@/features/report/tabs/ReplayTab";

export const Route = createFileRoute("/battles/$id/replay")({ component: ReplayTab });
