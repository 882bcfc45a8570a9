import { useEffect, useRef } from "react";
import { useLatest } from "@/lib/useLatest";
import { Button } from "./controls";

/** Loads the next page before its place is reached; a button for those who come here by keys. */
export function NextPage({ load, label }: { load: () => void; label: string }) {
  const ref = useRef<HTMLDivElement>(null);
  const latest = useLatest(load);
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && latest(), { rootMargin: "800px" });
    observer.observe(element);
    return () => observer.disconnect();
  }, [latest]);
  return (
    <div className="flex justify-center p-3" ref={ref}>
      <Button onClick={load} tone="ghost">
        {label}
      </Button>
    </div>
  );
}
