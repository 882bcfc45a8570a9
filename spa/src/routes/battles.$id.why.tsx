import { createFileRoute } from "@tanstack/react-router";
import { WhyTab } from "@/features/report/WhyTab";

export const Route = createFileRoute("/battles/$id/why")({ component: WhyTab });
