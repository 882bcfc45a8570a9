import { createFileRoute } from "@tanstack/react-router";
import { ParticipantsTab } from "@/features/report/tabs/ParticipantsTab";

export const Route = createFileRoute("/battles/$id/participants")({ component: ParticipantsTab });
