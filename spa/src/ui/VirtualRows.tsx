import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, type RefObject, useLayoutEffect, useRef, useState } from "react";

type Props = {
  length: number;
  height: (index: number) => number;
  keyOf: (index: number) => string | number;
  children: (index: number) => ReactNode;
};

const OVERSCAN = 10;

/** Rows of known heights in the page's own scroll; only those in sight are in the document. */
export function VirtualRows({ length, height, keyOf, children }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const margin = useTop(box);
  const virtual = useWindowVirtualizer({
    count: length,
    estimateSize: height,
    getItemKey: keyOf,
    overscan: OVERSCAN,
    scrollMargin: margin,
    // Rows that come into sight are not drawn inside the scroll event: several events of a frame are one drawing.
    useFlushSync: false,
  });
  return (
    <div className="relative" ref={box} role="list" style={{ height: virtual.getTotalSize() }}>
      {virtual.getVirtualItems().map((item) => (
        <div
          aria-posinset={item.index + 1}
          aria-setsize={length}
          // Nothing in a row reaches out of it, so that one that comes or goes lays out only itself.
          className="absolute inset-x-0 top-0 border-b border-hair [contain:strict]"
          key={item.key}
          role="listitem"
          style={{ height: item.size, transform: `translateY(${item.start - margin}px)` }}
        >
          {children(item.index)}
        </div>
      ))}
    </div>
  );
}

/** How far the box is from the top of the page, also after something above it has changed its height. */
function useTop(box: RefObject<HTMLDivElement | null>): number {
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    const measure = () => setTop((box.current?.getBoundingClientRect().top ?? 0) + scrollY);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, [box]);
  return top;
}
