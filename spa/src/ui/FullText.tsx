import { useEffect, useState } from "react";
import { pointerPlace } from "@/lib/pointer";

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
  useEffect(() => followCutNames(setShown), []);
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

/** Call `show` with what is to be shown, or with nothing; the answer ends it. */
function followCutNames(show: (shown: Shown | undefined) => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let focused: readonly Element[] = [];
  const hide = () => {
    clearTimeout(timer);
    focused = [];
    show(undefined);
  };
  const showRested = () => {
    const place = pointerPlace();
    const cut = place && document.elementsFromPoint(place.x, place.y).find(isCut);
    show(cut && placed([cut]));
  };
  /** Show the name under the pointer once nothing has moved for a moment, neither the pointer nor the page. */
  const showWhenRested = () => {
    clearTimeout(timer);
    timer = setTimeout(showRested, REST_MS);
  };
  // What comes under a pointer that rests takes nothing from the row that has the focus.
  const onOver = () => focused.length === 0 && showWhenRested();
  const showFocused = (target: Element) => {
    const row = target.closest("li, tr, [role=listitem]") ?? target;
    focused = [row, ...row.querySelectorAll(".truncate")].filter(isCut).slice(0, MOST_TEXTS);
    show(placed(focused));
  };
  const onFocus = ({ target }: FocusEvent) =>
    target instanceof Element && target.matches(":focus-visible") ? showFocused(target) : hide();
  // The focus brings its row into sight, and the text goes with it. A pointer that rests has a name again when the
  // scrolling ends, maybe the same one, which it does not enter then.
  const onScroll = () => {
    show(placed(focused));
    if (focused.length === 0) showWhenRested();
  };
  const onKey = (event: KeyboardEvent) => event.key === "Escape" && hide();
  const listening = new AbortController();
  const { signal } = listening;
  addEventListener("pointermove", showWhenRested, { signal, passive: true });
  addEventListener("pointerover", onOver, { signal, passive: true });
  addEventListener("focusin", onFocus, { signal });
  addEventListener("focusout", hide, { signal });
  addEventListener("scroll", onScroll, { signal, passive: true, capture: true });
  addEventListener("keydown", onKey, { signal });
  // This code comes after the first paint: a name may have the pointer or the focus by then.
  const focusedBefore = document.querySelector(":focus-visible");
  if (focusedBefore) showFocused(focusedBefore);
  else showWhenRested();
  return () => {
    clearTimeout(timer);
    listening.abort();
  };
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
