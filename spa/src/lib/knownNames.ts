/** Names of ids that this browser has shown or chosen: addresses have ids alone, and filters say whom they mean. */

import { read, write } from "./storage";

const KEY = "bs.names";
const MOST = 200;

/** As the keys of addresses: what an id belongs to. */
export type NamedKey = "system" | "region" | "alliance" | "corp" | "pilot" | "ship";

function stored(): Record<string, string> {
  try {
    const kept: unknown = JSON.parse(read(KEY) ?? "{}");
    return typeof kept === "object" && kept !== null ? (kept as Record<string, string>) : {};
  } catch {
    return {};
  }
}

export function knownName(key: NamedKey, id: string): string | undefined {
  const name: unknown = stored()[`${key}:${id}`];
  return typeof name === "string" ? name : undefined;
}

/** Keep names; the ones that were kept first are forgotten when there are too many. */
export function keepNames(names: readonly { key: NamedKey; id: string; name: string }[]): void {
  const kept = stored();
  const added = Object.fromEntries(names.map(({ key, id, name }) => [`${key}:${id}`, name]));
  if (Object.entries(added).every(([id, name]) => kept[id] === name)) return;
  for (const id of Object.keys(added)) delete kept[id];
  write(KEY, JSON.stringify(Object.fromEntries(Object.entries({ ...kept, ...added }).slice(-MOST))));
}
