import { useQuery } from "@tanstack/react-query";
import type { Capabilities } from "@/api/client";
import { capabilities } from "@/api/queries";

const FC_RANK = 20;

/** What the person may do; undefined until it is known. */
export function useAccess(): Capabilities | undefined {
  return useQuery(capabilities()).data;
}

/** Whether battles may be edited: by the owner of this machine, or by a fleet commander. */
export function mayEdit(access: Capabilities | undefined): boolean {
  if (!access?.canWrite) return false;
  if (access.mode === "off" || access.isSuperAdmin) return true;
  return access.features.some((feature) => feature.key === "battle-reports" && feature.rank >= FC_RANK);
}
