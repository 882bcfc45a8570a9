import type { SecurityType } from "@/api/client";

export const SPACES = [
  "highsec",
  "lowsec",
  "nullsec",
  "wormhole",
  "pochven",
] as const satisfies readonly SecurityType[];
