import { useIsRestoring, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState, useSyncExternalStore } from "react";
import { isTransient, sentenceOf } from "@/api/errors";

/** A strip while the browser is offline or requests fail and are tried again; what is on the page stays. */
export default function ConnectionStrip() {
  const online = useSyncExternalStore(followOnline, () => navigator.onLine);
  const failure = useFailure();
  const restoring = useIsRestoring();
  if (restoring || (online && !failure)) return null;
  return (
    <div className="border-b border-line2 bg-warn-ground px-5 py-1 text-center text-sec text-warn" role="status">
      {online
        ? `${failure} Trying again; what you see may be old.`
        : "This browser is offline. What you see may be old."}
    </div>
  );
}

function followOnline(changed: () => void): () => void {
  addEventListener("online", changed);
  addEventListener("offline", changed);
  return () => {
    removeEventListener("online", changed);
    removeEventListener("offline", changed);
  };
}

/** The sentence of a request that failed in passing and has not succeeded since. */
function useFailure(): string | undefined {
  const client = useQueryClient();
  const [failure, setFailure] = useState<string>();
  useEffect(
    () =>
      client.getQueryCache().subscribe(() => {
        const failed = client
          .getQueryCache()
          .getAll()
          .find(
            (query) =>
              query.isActive() && query.state.fetchFailureCount > 0 && isTransient(query.state.fetchFailureReason),
          );
        setFailure(failed && sentenceOf(failed.state.fetchFailureReason));
      }),
    [client],
  );
  return failure;
}
