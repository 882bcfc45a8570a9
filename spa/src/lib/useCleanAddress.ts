import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { stringifySearch } from "./url";

/** Take out of the address what the page does not know: a link that is passed on says only what it does. */
export function useCleanAddress(search: object): void {
  const navigate = useNavigate();
  const wanted = sorted(stringifySearch({ ...search }));
  const latest = useRef(search);
  useEffect(() => {
    latest.current = search;
  });
  useEffect(() => {
    if (sorted(location.search) === wanted) return;
    void navigate({ to: ".", search: latest.current as never, replace: true, resetScroll: false });
  }, [navigate, wanted]);
}

function sorted(text: string): string {
  const query = new URLSearchParams(text);
  query.sort();
  return query.toString();
}
