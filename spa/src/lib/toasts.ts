import { useSyncExternalStore } from "react";

export type Toast = {
  id: number;
  text: string;
  tone: "info" | "error";
  action?: { label: string; run: () => void };
};

const MOST = 3;
let toasts: readonly Toast[] = [];
let nextId = 1;
const watchers = new Set<() => void>();

function change(next: readonly Toast[]): void {
  toasts = next;
  for (const watcher of watchers) watcher();
}

/** Say something for a few seconds; errors stay until they are closed. */
export function toast(
  text: string,
  options: { tone?: Toast["tone"]; action?: NonNullable<Toast["action"]> } = {},
): number {
  const id = nextId++;
  const { tone = "info", action } = options;
  change([...toasts, { id, text, tone, ...(action && { action }) }].slice(-MOST));
  return id;
}

export function dismiss(id: number): void {
  change(toasts.filter((one) => one.id !== id));
}

export function useToasts(): readonly Toast[] {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => toasts,
  );
}
