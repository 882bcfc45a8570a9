import type { SecurityType } from "@/api/client";

export const SPACES = [
  "highsec",
  "lowsec",
  "nullsec",
  "wormhole",
  "pochven",
] as const satisfies readonly SecurityType[];

export const SPACE_LABELS: Record<SecurityType, string> = {
  highsec: "High",
  lowsec: "Low",
  nullsec: "Null",
  wormhole: "Wormhole",
  pochven: "Pochven",
};
