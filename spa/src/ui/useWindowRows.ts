import { defaultRangeExtractor, type Range, useWindowVirtualizer } from "@tanstack/react-virtual";
import { type RefObject, useCallback, useLayoutEffect, useRef, useState } from "react";
import { useIsPrinting } from "@/lib/media";

/** Rows of known heights. An object of its own for each change of them: it decides when places are computed again. */
export type Rows = {
  length: number;
  height: (index: number) => number;
  keyOf: (index: number) => string | number;
};

/** Rows in the page's own scroll: how high all are, and which of them are in sight. */
export type WindowRows = {
  box: RefObject<HTMLDivElement | null>;
  height: number;
  /** How much of the box is above the window; negative while its top is below that of the window. */
  above: number;
  /** `top` is from the top of the box. */
  shown: readonly { index: number; top: number; height: number }[];
};

const OVERSCAN = 10;

/**
 * Those rows of a long list that are in sight; only they are in the document.
 *
 * The row that has the focus stays in it, with those beside it, so that keys go on from there; a print has all rows.
 */
export function useWindowRows({ length, height, keyOf }: Rows): WindowRows {
  const box = useRef<HTMLDivElement>(null);
  const isPrinting = useIsPrinting();
  const top = useTop(box);
  const extract = useCallback(
    (range: Range) => {
      if (isPrinting) return Array.from({ length: range.count }, (_, index) => index);
      const focused = focusedRow(box.current);
      const kept = focused === undefined ? [] : [focused - 1, focused, focused + 1];
      const inSight = defaultRangeExtractor(range);
      return [...new Set([...kept.filter((index) => index >= 0 && index < range.count), ...inSight])].sort(
        (a, b) => a - b,
      );
    },
    [isPrinting],
  );
  const virtual = useWindowVirtualizer({
    count: length,
    estimateSize: height,
    getItemKey: keyOf,
    overscan: OVERSCAN,
    rangeExtractor: extract,
    scrollMargin: top,
    // Rows that come into sight are not drawn inside the scroll event: several events of a frame are one drawing.
    useFlushSync: false,
  });
  const shown = virtual
    .getVirtualItems()
    .map((item) => ({ index: item.index, top: item.start - top, height: item.size }));
  return { box, height: virtual.getTotalSize(), above: (virtual.scrollOffset ?? 0) - top, shown };
}

/** The index of the row that has the focus, by its `data-index`. */
function focusedRow(box: HTMLElement | null): number | undefined {
  if (!box?.contains(document.activeElement)) return undefined;
  const index = document.activeElement?.closest<HTMLElement>("[data-index]")?.dataset.index;
  return index === undefined ? undefined : Number(index);
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
