import { type ReactNode, useEffect, useId, useRef } from "react";
import { Icon } from "./Icon";

type DialogProps = { open: boolean; onClose: () => void; title: string; side?: boolean; children: ReactNode };

/** The browser's own dialog: it keeps the focus inside, closes by Esc and gives the focus back. Full width on a phone. */
export function Dialog({ open, onClose, title, side, children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (open && dialog && !dialog.open) dialog.showModal();
    if (!open && dialog?.open) dialog.close();
  }, [open]);
  const place = side
    ? "my-0 mr-0 ml-auto h-dvh max-h-dvh w-120 rounded-none border-l"
    : "m-auto w-140 rounded-panel border max-md:mb-0 max-md:rounded-b-none";
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Esc closes a dialog by itself; the click is one on the backdrop.
    <dialog
      aria-labelledby={titleId}
      className={`overlay max-h-[90dvh] max-w-full overflow-auto border-line bg-s1 p-0 text-t1 max-md:w-full ${place}`}
      onClick={(event) => event.target === event.currentTarget && onClose()}
      onClose={onClose}
      ref={ref}
    >
      {open && (
        <div className="p-4">
          <div className="mb-3 flex items-center justify-between gap-2">
            <h2 className="text-col font-[600]" id={titleId}>
              {title}
            </h2>
            <button
              aria-label="Close"
              className="grid size-8 place-items-center rounded-control hover:bg-s2 max-md:size-11"
              onClick={onClose}
              type="button"
            >
              <Icon name="close" />
            </button>
          </div>
          {children}
        </div>
      )}
    </dialog>
  );
}
