import { createFileRoute } from "@tanstack/react-router";
import { KitPage } from "@/features/kit/KitPage";

export const Route = createFileRoute("/_kit")({ component: KitPage });
