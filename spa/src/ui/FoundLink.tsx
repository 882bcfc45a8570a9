import { useRouter } from "@tanstack/react-router";
import type { MouseEvent } from "react";
import { type Found, isInside, keepFoundName } from "@/lib/found";
import { ago, fullTime } from "@/lib/time";
import { FoundRow } from "./FoundRow";

/** What was found as a row that opens it; `now` shows when it was last seen. */
export function FoundLink({ found, now }: { found: Found; now?: number }) {
  const router = useRouter();
  const isOut = !isInside(found.href);
  const onClick = (event: MouseEvent) => {
    keepFoundName(found);
    if (isOut || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    void router.navigate({ href: found.href });
  };
  return (
    <a
      className="flex h-11 items-center gap-2.5 px-2 hover:bg-s2 focus-visible:outline-offset-[-2px]"
      data-row=""
      href={found.href}
      onClick={onClick}
      {...(isOut && { target: "_blank", rel: "noopener noreferrer" })}
    >
      <FoundRow found={found} />
      {now !== undefined && (
        <span className="w-28 shrink-0 pr-2 text-right text-sec text-t3 max-md:hidden">
          {found.lastSeenAt && <span title={fullTime(found.lastSeenAt)}>{ago(found.lastSeenAt, now)}</span>}
        </span>
      )}
    </a>
  );
}
