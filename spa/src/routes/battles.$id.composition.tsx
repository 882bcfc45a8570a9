import { createFileRoute } from "@tanstack/react-router";
import { CompositionTab } from "@/features/report/tabs/CompositionTab";

export const Route = createFileRoute("/battles/$id/composition")({ component: CompositionTab });
