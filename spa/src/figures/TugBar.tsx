import type { SideRole } from "@/api/client";
import { isHatched, sideClass } from "@/ui/marks";

export type Segment = { sideId: number | null; role: SideRole | undefined; value: number };

/** One bar of all sides, in the order given; a side with anything is at least four pixels wide. */
export function TugBar({
  segments,
  sentence,
  height = 7,
}: {
  segments: readonly Segment[];
  sentence: string;
  height?: number;
}) {
  const shown = segments.filter((segment) => segment.value > 0);
  return (
    <div
      aria-label={sentence}
      className="flex w-full gap-[2px] overflow-hidden rounded-[2px] bg-s3"
      role="img"
      style={{ height }}
    >
      {shown.map(({ sideId, role, value }) => (
        <div
          className={`${sideClass(sideId)} ${isHatched(sideId, role) ? "side-hatch" : "side-fill"} min-w-1`}
          key={String(sideId)}
          style={{ flexGrow: value, flexBasis: 0 }}
        />
      ))}
    </div>
  );
}
