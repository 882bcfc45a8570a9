/** Where the mouse rests, from the first load on: what is shown beside it is code that comes later. */

type Place = { x: number; y: number };

/** A page that comes or scrolls under a mouse that rests is entered by it without a move. */
const EVENTS = ["pointermove", "pointerover"] as const;

let place: Place | undefined;

export function followPointer(): void {
  for (const type of EVENTS) addEventListener(type, follow, { passive: true });
  document.documentElement.addEventListener("pointerleave", () => {
    place = undefined;
  });
}

function follow(event: PointerEvent): void {
  place = event.pointerType === "mouse" ? { x: event.clientX, y: event.clientY } : undefined;
}

/** Undefined where there is no mouse, or where it is outside of the page. */
export function pointerPlace(): Place | undefined {
  return place;
}
