import { useEffect, useSyncExternalStore } from "react";
import { useAccess } from "./access";

/** Whether the image host answers: asked once a session by one picture, so that a machine without it shows no errors. */
type HostState = "unknown" | "asked" | "there" | "away";

const KEY = "bs.images";
const NPC_CORPORATION = "1000125"; // CONCORD, which always has a logo
const watchers = new Set<() => void>();
let state: HostState = stored();
let hostName: string | undefined;

function stored(): HostState {
  try {
    const kept = sessionStorage.getItem(KEY);
    return kept === "there" || kept === "away" ? kept : "unknown";
  } catch {
    return "unknown";
  }
}

function decide(found: "there" | "away"): void {
  state = found;
  try {
    sessionStorage.setItem(KEY, found);
  } catch {
    // It is asked again on the next page load.
  }
  for (const watcher of watchers) watcher();
}

function ask(host: string): void {
  hostName = host;
  if (state === "there") decide("there");
  if (state !== "unknown") return;
  state = "asked";
  const probe = new Image();
  probe.onload = () => decide("there");
  probe.onerror = () => decide("away");
  probe.src = `${host}/corporations/${NPC_CORPORATION}/logo?size=32`;
}

/** Learn the name of the image host and ask once whether it answers; for the frame of all pages. */
export function useAskImageHost(): void {
  const host = useAccess()?.flags.imageHost;
  useEffect(() => {
    if (host) ask(host);
  }, [host]);
}

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/** The host of pictures, once it has answered. A row reads one variable: a query in each would make lists slow. */
export function useImageHost(): string | undefined {
  return useSyncExternalStore(watch, () => (state === "there" ? hostName : undefined));
}
