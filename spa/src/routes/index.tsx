import { createFileRoute } from "@tanstack/react-router";
import { HomePage } from "@/features/battles/HomePage";

export const Route = createFileRoute("/")({ component: HomePage });
