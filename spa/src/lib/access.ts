import { useQuery } from "@tanstack/react-query";
import type { Capabilities, EditItem } from "@/api/client";
import { capabilities } from "@/api/queries";

const FC_RANK = 20;
const DIRECTOR_RANK = 30;

/** What the person may do; undefined until it is known. */
export function useAccess(): Capabilities | undefined {
  return useQuery(capabilities()).data;
}

/** Whether battles may be edited: by the owner of this machine, or by a fleet commander. */
export function mayEdit(access: Capabilities | undefined): boolean {
  return access?.canWrite === true && hasRank(access, FC_RANK);
}

/** Whether an edit may be undone: by its own author, or by a director. */
export function mayUndo(access: Capabilities | undefined, edit: Pick<EditItem, "authorCharacterId">): boolean {
  if (access === undefined || !mayEdit(access)) return false;
  const own = access.account?.characters ?? [];
  return hasRank(access, DIRECTOR_RANK) || own.some((character) => character.eveCharacterId === edit.authorCharacterId);
}

function hasRank(access: Capabilities, rank: number): boolean {
  if (access.mode === "off" || access.isSuperAdmin) return true;
  return access.features.some((feature) => feature.key === "battle-reports" && feature.rank >= rank);
}
