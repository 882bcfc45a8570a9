import { createFileRoute } from "@tanstack/react-router";
import { WhyTab } from "@/features/report/tabs/WhyTab";

export const Route = createFileRoute("/battles/$id/why")({ component: WhyTab });
