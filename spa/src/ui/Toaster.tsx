import { useEffect, useState } from "react";
import { dismiss, type Toast, useToasts } from "@/lib/toasts";
import { Icon } from "./Icon";

const SHOWN_MS = 6000;

export function Toaster() {
  const toasts = useToasts();
  return (
    <div className="no-print pointer-events-none fixed right-3 bottom-3 z-50 flex w-90 max-w-[calc(100vw-24px)] flex-col gap-2 max-md:top-14 max-md:bottom-auto">
      {toasts.map((toast) => (
        <Card key={toast.id} toast={toast} />
      ))}
    </div>
  );
}

function Card({ toast }: { toast: Toast }) {
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (held || toast.tone === "error") return;
    const timer = setTimeout(() => dismiss(toast.id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [held, toast]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a message that is read or touched stays.
    <div
      className="overlay pointer-events-auto flex items-center gap-3 rounded-panel border border-line2 bg-s2 px-3 py-2"
      onBlur={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      role={toast.tone === "error" ? "alert" : "status"}
    >
      <p className={`min-w-0 flex-1 ${toast.tone === "error" ? "text-loss" : ""}`}>{toast.text}</p>
      {toast.action && (
        <button
          className="h-8 rounded-control px-2 font-[600] underline underline-offset-4 hover:bg-s3 max-md:h-11"
          onClick={() => {
            toast.action?.run();
            dismiss(toast.id);
          }}
          type="button"
        >
          {toast.action.label}
        </button>
      )}
      <button
        aria-label="Close this message"
        className="grid size-8 place-items-center rounded-control hover:bg-s3 max-md:size-11"
        onClick={() => dismiss(toast.id)}
        type="button"
      >
        <Icon name="close" size={12} />
      </button>
    </div>
  );
}
