import { createFileRoute } from "@tanstack/react-router";
import { ParticipantsTab } from "@/features/report/ParticipantsTab";

export const Route = createFileRoute("/battles/$id/participants")({ component: ParticipantsTab });
