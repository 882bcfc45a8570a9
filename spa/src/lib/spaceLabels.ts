import type { SecurityType } from "@/api/client";

export const SPACE_LABELS: Record<SecurityType, string> = {
  highsec: "High",
  lowsec: "Low",
  nullsec: "Null",
  wormhole: "Wormhole",
  pochven: "Pochven",
};
