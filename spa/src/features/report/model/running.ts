/** Sums over time, by side: what had been lost, and who had been seen, until a moment. */

import type { BattleBattleDetail } from "@/api/client";
import type { RunningLine } from "@/figures/RunningLines";
import { iskNumber } from "@/lib/isk";
import { instant } from "@/lib/time";
import { figureSides } from "./losses";

export function lostLines(battle: BattleBattleDetail): RunningLine[] {
  return linesOf(
    battle,
    battle.killmails.map((mail) => ({
      sideId: mail.sideId,
      at: instant(mail.occurredAt),
      amount: iskNumber(mail.iskValue),
    })),
  );
}

export function seenLines(battle: BattleBattleDetail): RunningLine[] {
  return linesOf(
    battle,
    battle.participants.map((pilot) => ({ sideId: pilot.sideId, at: instant(pilot.firstSeenAt), amount: 1 })),
  );
}

type Step = { sideId: number | null; at: number; amount: number };

function linesOf(battle: BattleBattleDetail, steps: readonly Step[]): RunningLine[] {
  const inTime = [...steps].sort((a, b) => a.at - b.at);
  return figureSides(battle).map(({ sideId, name }) => {
    const times: number[] = [];
    const amounts: number[] = [];
    for (const step of inTime) {
      if (step.sideId !== sideId) continue;
      times.push(step.at);
      amounts.push((amounts.at(-1) ?? 0) + step.amount);
    }
    return { sideId, name, times, amounts };
  });
}
