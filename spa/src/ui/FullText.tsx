import { useEffect, useState } from "react";

const REST_MS = 250;
const MOST_TEXTS = 3;

type Shown = { text: string; left: number; top: number };

/**
 * Names that are cut, in full: where the pointer rests, and for the row that has the focus of the keyboard.
 *
 * One listener for all pages: a `title` is not shown by the focus, and rows are covered by the link that they are.
 */
export function FullText() {
  const [shown, setShown] = useState<Shown>();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let focused: readonly Element[] = [];
    const hide = () => {
      clearTimeout(timer);
      focused = [];
      setShown(undefined);
    };
    const rested = (x: number, y: number) => {
      const cut = document.elementsFromPoint(x, y).find(isCut);
      setShown(cut && placed([cut]));
    };
    const onMove = (event: PointerEvent) => {
      clearTimeout(timer);
      if (event.pointerType === "mouse") timer = setTimeout(() => rested(event.clientX, event.clientY), REST_MS);
    };
    const onFocus = (event: FocusEvent) => {
      const target = event.target instanceof Element ? event.target : undefined;
      if (!target?.matches(":focus-visible")) return hide();
      const row = target.closest("li, tr, [role=listitem]") ?? target;
      focused = [row, ...row.querySelectorAll(".truncate")].filter(isCut).slice(0, MOST_TEXTS);
      setShown(placed(focused));
    };
    // The focus brings its row into sight, and the text goes with it; under a pointer that rests another row comes.
    const onScroll = () => (focused.length > 0 ? setShown(placed(focused)) : hide());
    const onKey = (event: KeyboardEvent) => event.key === "Escape" && hide();
    const passive = { passive: true } as const;
    addEventListener("pointermove", onMove, passive);
    addEventListener("focusin", onFocus);
    addEventListener("focusout", hide);
    addEventListener("scroll", onScroll, { passive: true, capture: true });
    addEventListener("keydown", onKey);
    return () => {
      clearTimeout(timer);
      removeEventListener("pointermove", onMove);
      removeEventListener("focusin", onFocus);
      removeEventListener("focusout", hide);
      removeEventListener("scroll", onScroll, { capture: true });
      removeEventListener("keydown", onKey);
    };
  }, []);
  if (!shown) return null;
  return (
    <div
      className="overlay pointer-events-none fixed z-50 max-w-[min(480px,calc(100vw-16px))] rounded-control border border-line2 bg-s2 px-2 py-1 text-sec wrap-anywhere"
      dir="auto"
      role="tooltip"
      style={{ left: shown.left, top: shown.top }}
    >
      {shown.text}
    </div>
  );
}

function isCut(element: Element): boolean {
  return element.classList.contains("truncate") && element.scrollWidth > element.clientWidth;
}

function placed(cut: readonly Element[]): Shown | undefined {
  const box = cut[0]?.getBoundingClientRect();
  if (!box || box.bottom < 0 || box.top > innerHeight) return undefined;
  const text = cut.map((element) => element.textContent?.trim()).join(" · ");
  return {
    text,
    left: Math.max(8, Math.min(box.left, innerWidth - 488)),
    top: Math.min(box.bottom + 4, innerHeight - 40),
  };
}
