import { useEffect, useRef } from "react";
import { useLatest } from "@/lib/useLatest";
import { Button } from "./controls";

/** Loads the next page when its place is `ahead` below the window; a button for those who come here by keys. */
export function NextPage({ load, label, ahead = "800px" }: { load: () => void; label: string; ahead?: string }) {
  const ref = useRef<HTMLDivElement>(null);
  const latest = useLatest(load);
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && latest(), { rootMargin: ahead });
    observer.observe(element);
    return () => observer.disconnect();
  }, [latest, ahead]);
  return (
    <div className="flex justify-center p-3" ref={ref}>
      <Button onClick={load} tone="ghost">
        {label}
      </Button>
    </div>
  );
}
