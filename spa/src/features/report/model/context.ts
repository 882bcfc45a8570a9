import { useNavigate } from "@tanstack/react-router";
import { createContext, useContext } from "react";
import type { BattleBattleDetail } from "@/api/client";
import { instant } from "@/lib/time";
import { type ReportSearch, readReportSearch } from "./search";

type Report = { battle: BattleBattleDetail; search: ReportSearch };

export const ReportContext = createContext<Report | undefined>(undefined);

export function useReport(): Report {
  const report = useContext(ReportContext);
  if (!report) throw new Error("A part of a report stands outside of its frame.");
  return report;
}

/** Change the state of this tab in the address; typing replaces the entry of the history. */
export function useChange(): (next: Record<string, unknown>, replace?: boolean) => void {
  const { search } = useReport();
  const navigate = useNavigate();
  return (next, replace = false) =>
    void navigate({
      to: ".",
      search: readReportSearch(stringsOf({ ...search, ...next })),
      replace,
      resetScroll: false,
    });
}

function stringsOf(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, value === undefined ? undefined : String(value)]),
  );
}

/** The window of time that is chosen, in milliseconds; nothing if all of it. */
export function spanOf({ battle, search }: Report): { from: number; to: number } | undefined {
  if (search.from === undefined && search.to === undefined) return undefined;
  const start = instant(battle.startTime);
  return {
    from: start + (search.from ?? 0) * 1000,
    to: search.to === undefined ? instant(battle.endTime) + 1 : start + search.to * 1000,
  };
}
