import { useSyncExternalStore } from "react";

/** Below Tailwind's `md`. */
const PHONE = "(width < 48rem)";
let query: MediaQueryList | undefined;

function phone(): MediaQueryList {
  query ??= matchMedia(PHONE);
  return query;
}

function watch(changed: () => void): () => void {
  phone().addEventListener("change", changed);
  return () => phone().removeEventListener("change", changed);
}

/** Whether the window is as narrow as a phone: where two forms are so large that both in the document are too much. */
export function useIsPhone(): boolean {
  return useSyncExternalStore(watch, () => phone().matches);
}

let isPrinting = false;

function watchPrinting(changed: () => void): () => void {
  const begin = () => {
    isPrinting = true;
    changed();
  };
  const end = () => {
    isPrinting = false;
    changed();
  };
  addEventListener("beforeprint", begin);
  addEventListener("afterprint", end);
  return () => {
    removeEventListener("beforeprint", begin);
    removeEventListener("afterprint", end);
  };
}

/** Whether the page is being printed, when also what is out of sight has to be in the document. */
export function useIsPrinting(): boolean {
  return useSyncExternalStore(watchPrinting, () => isPrinting);
}
