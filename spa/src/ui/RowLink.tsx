import type { MouseEvent, PointerEvent } from "react";

type Props = { href: string; label: string; className?: string; open: () => void; preload: () => void };

const REST_MS = 100;
let resting: ReturnType<typeof setTimeout> | undefined;

/**
 * The link that covers a row of a long list.
 *
 * A `Link` of the router computes its address and follows the page's for each row: a tenth of what a row costs.
 */
export function RowLink({ href, label, className = "", open, preload }: Props) {
  const onClick = (event: MouseEvent) => {
    const opensElsewhere = event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
    if (opensElsewhere) return;
    event.preventDefault();
    open();
  };
  // A list that scrolls under a pointer that rests asks for nothing.
  const onMove = (event: PointerEvent) => {
    if (event.movementX === 0 && event.movementY === 0) return;
    clearTimeout(resting);
    resting = setTimeout(preload, REST_MS);
  };
  return (
    // biome-ignore lint/a11y/useAnchorContent: the name is in its label; what the row shows stands beside it.
    <a
      aria-label={label}
      className={`absolute inset-0 z-1 focus-visible:outline-offset-[-2px] ${className}`}
      data-row=""
      href={href}
      onClick={onClick}
      onPointerLeave={() => clearTimeout(resting)}
      onPointerMove={onMove}
    />
  );
}
