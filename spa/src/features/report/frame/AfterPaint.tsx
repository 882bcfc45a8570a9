import { type ReactNode, useDeferredValue, useEffect, useRef } from "react";

/** How high what was shown under a name was, in pixels. */
const heights = new Map<string, number>();

/**
 * Rendered between frames, after the frame around it: a click is answered at once, however large the tab is.
 *
 * Until then its place is kept at the height that it had before.
 */
export function AfterPaint({ name, children }: { name: string; children: ReactNode }) {
  const isPainted = useDeferredValue(true, false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = box.current;
    if (!element || !isPainted) return;
    const observer = new ResizeObserver(() => heights.set(name, element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, [name, isPainted]);
  return (
    <div aria-busy={!isPainted} ref={box} style={isPainted ? undefined : { minHeight: heights.get(name) ?? "70dvh" }}>
      {isPainted && children}
    </div>
  );
}
