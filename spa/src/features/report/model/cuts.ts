import type { BattleBattleDetail } from "@/api/client";
import { instant } from "@/lib/time";

/** Where in time the rules see two fights: between the halves of each suggestion, unless they overlap. */
export function cutsOf(battle: Pick<BattleBattleDetail, "killmails" | "suggestions">): number[] {
  const times = new Map(battle.killmails.map((mail) => [mail.killmailId, instant(mail.occurredAt)]));
  return battle.suggestions.flatMap((suggestion) => {
    const groups = suggestion.groups
      .map((ids) => ids.flatMap((id) => times.get(id) ?? []))
      .filter((group) => group.length > 0)
      .map((group) => ({ from: Math.min(...group), to: Math.max(...group) }))
      .sort((a, b) => a.from - b.from);
    return groups.slice(1).flatMap((group, index) => {
      const before = groups[index];
      return before && before.to < group.from ? [(before.to + group.from) / 2] : [];
    });
  });
}
