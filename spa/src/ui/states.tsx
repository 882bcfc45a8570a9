/** What stands in a block that has no data: still loading, nothing there, or failed. */

import { type ReactNode, useEffect, useState } from "react";
import { requestIdOf, sentenceOf } from "@/api/errors";
import { Button } from "./controls";
import { Icon } from "./Icon";

const SHOW_AFTER_MS = 150;

/** Grey rows of the true height; nothing before 150 ms, so that quick answers do not flash. */
export function SkeletonRows({ rows, height }: { rows: number; height: number }) {
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), SHOW_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div aria-busy="true" role="status">
      <span className="sr">Loading</span>
      {Array.from({ length: rows }, (_, row) => (
        <div className="flex items-center gap-4 border-b border-hair px-3" key={row} style={{ height }}>
          {shown && (
            <>
              <span className="skeleton h-3 w-12" />
              <span className="skeleton h-3 w-40" />
              <span className="skeleton h-3 flex-1" />
              <span className="skeleton h-3 w-16" />
            </>
          )}
        </div>
      ))}
    </div>
  );
}

export function Empty({ children, action }: { children: ReactNode; action?: ReactNode }) {
  return (
    <div className="flex flex-col items-center gap-3 px-4 py-12 text-center text-t2">
      <Icon name="none" size={32} />
      <p className="max-w-120">{children}</p>
      {action}
    </div>
  );
}

/** What failed, in one sentence, with a way to try again. */
export function ErrorBox({ what, error, onRetry }: { what: string; error: unknown; onRetry?: () => void }) {
  const requestId = requestIdOf(error);
  return (
    <div className="m-3 flex flex-wrap items-center gap-3 rounded-panel border border-line2 bg-s2 p-3" role="alert">
      <span className="text-loss">
        <Icon name="warning" size={20} />
      </span>
      <p className="min-w-0 flex-1">
        <strong className="font-[600]">{what}</strong> {sentenceOf(error)}
        {requestId && <span className="block text-label break-all text-t3">Request {requestId}</span>}
      </p>
      {onRetry && <Button onClick={onRetry}>Try again</Button>}
    </div>
  );
}

/** An amber strip: something to know, nothing to do. */
export function Note({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <p className="rounded-panel border border-line2 bg-warn-ground px-3 py-2 text-sec text-t2">
      <strong className="font-[600] text-warn">{title}</strong> {children}
    </p>
  );
}
