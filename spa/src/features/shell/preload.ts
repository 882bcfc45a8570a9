import type { AnyRouter } from "@tanstack/react-router";

/** Load the code of all pages: a click finds it also when the server is away by then. */
export function preloadAll(router: AnyRouter): void {
  const parts = [
    import("./FailedPage"),
    import("./MissingPage"),
    import("./Landing"),
    import("./KeyboardHelp"),
    import("./palette/Palette"),
    import("@/ui/RadixMenu"),
    ...Object.values(router.routesByPath).map((route) => router.loadRouteChunk(route as never)),
  ];
  void Promise.allSettled(parts);
}
