import { useCallback, useEffect, useRef } from "react";

/** A function that is always the same and does what the newest one does, so that rows are not drawn again for it. */
export function useLatest<A extends unknown[], R>(run: (...args: A) => R): (...args: A) => R {
  const latest = useRef(run);
  useEffect(() => {
    latest.current = run;
  });
  return useCallback((...args: A) => latest.current(...args), []);
}
