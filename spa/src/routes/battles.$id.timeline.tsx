import { createFileRoute } from "@tanstack/react-router";
import { TimelineTab } from "@/features/report/tabs/TimelineTab";

export const Route = createFileRoute("/battles/$id/timeline")({ component: TimelineTab });
