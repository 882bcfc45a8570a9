import { useSyncExternalStore } from "react";

/** The time in whole seconds, one timer for all that show it. */
const watchers = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let now = Date.now();

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of watchers) each();
  }, 1000);
  return () => {
    watchers.delete(watcher);
    if (watchers.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

const seconds = () => Math.floor(now / 1000) * 1000;
const minutes = () => Math.floor(now / 60_000) * 60_000;

/** Milliseconds since 1970, new each second. */
export function useSeconds(): number {
  return useSyncExternalStore(watch, seconds);
}

/** As `useSeconds`, new each minute: for what changes a list. */
export function useMinutes(): number {
  return useSyncExternalStore(watch, minutes);
}
