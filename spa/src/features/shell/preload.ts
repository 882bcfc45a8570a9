import type { AnyRouter } from "@tanstack/react-router";

const LATER_MS = 1500;

/** Load the code of all pages while nothing happens: a click finds it also when the server is away by then. */
export function preloadLater(router: AnyRouter): () => void {
  const timer = setTimeout(() => {
    const parts = [
      import("./FailedPage"),
      import("./MissingPage"),
      import("./Landing"),
      import("./KeyboardHelp"),
      import("@/ui/RadixMenu"),
      ...Object.values(router.routesByPath).map((route) => router.loadRouteChunk(route as never)),
    ];
    void Promise.allSettled(parts);
  }, LATER_MS);
  return () => clearTimeout(timer);
}
