import { useLayoutEffect, useRef } from "react";

export type KeyMap = Record<string, (event: KeyboardEvent) => void>;

/** Single keys of a page; off while a field has the focus or a dialog is open. `g b` is one key after the other. */
export function useKeys(keys: KeyMap): void {
  const current = useRef(keys);
  useLayoutEffect(() => {
    current.current = keys;
  });
  useLayoutEffect(() => {
    let first = "";
    const pressed = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isBusy(event.target)) return;
      const action = current.current[first ? `${first} ${event.key}` : event.key];
      first = first === "" && event.key === "g" ? "g" : "";
      if (!action) return;
      event.preventDefault();
      action(event);
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
}

function isBusy(target: EventTarget | null): boolean {
  const field = target instanceof HTMLElement && target.closest("input, textarea, select, [contenteditable]");
  return Boolean(field) || document.querySelector("dialog[open]") !== null;
}
