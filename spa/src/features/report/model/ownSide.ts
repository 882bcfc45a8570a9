import { useMemo } from "react";
import type { BattleBattleDetail, CharacterItem, SideItem } from "@/api/client";
import { useAccess } from "@/lib/access";

/** The battle with the side of the person who reads marked as such, so that it stands on the left. */
export function useOwnSide(battle: BattleBattleDetail): BattleBattleDetail {
  const characters = useAccess()?.account?.characters;
  return useMemo(() => withOwnSide(battle, characters ?? []), [battle, characters]);
}

type Member = Pick<CharacterItem, "allianceId" | "corpId">;

/** A side is the person's own if it has an alliance or corporation of one of the characters, and no other main side has. */
export function withOwnSide(battle: BattleBattleDetail, characters: readonly Member[]): BattleBattleDetail {
  const own = battle.sides.filter(
    (side) => side.role === "main" && characters.some((character) => isMember(side, character)),
  );
  if (own.length !== 1) return battle;
  return { ...battle, sides: battle.sides.map((side) => (side === own[0] ? { ...side, isOwn: true } : side)) };
}

function isMember(side: SideItem, { allianceId, corpId }: Member): boolean {
  return side.parties.some(
    (party) =>
      (party.partyType === "alliance" && party.partyId === allianceId) ||
      (party.partyType === "corporation" && party.partyId === corpId),
  );
}
