import { useNavigate } from "@tanstack/react-router";
import { useEffect, useMemo } from "react";
import { stringifySearch } from "./url";

/**
 * The state that a page reads in its address, and nothing else: the router hands on what no page knows.
 *
 * The rest is taken out of the address, so that a link that is passed on says only what it does.
 */
export function useCleanAddress<T extends object>(raw: object, read: (raw: Record<string, unknown>) => T): T {
  const navigate = useNavigate();
  const search = useMemo(() => read({ ...raw }), [raw, read]);
  useEffect(() => {
    if (sorted(location.search) === sorted(stringifySearch(search as Record<string, unknown>))) return;
    void navigate({ to: ".", search: search as never, replace: true, resetScroll: false });
  }, [navigate, search]);
  return search;
}

function sorted(text: string): string {
  const query = new URLSearchParams(text);
  query.sort();
  return query.toString();
}
