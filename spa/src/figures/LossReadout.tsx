import { clockSeconds } from "@/lib/time";
import { isHatched, sideClass } from "@/ui/marks";
import type { Bucket, FigureSide, Measure } from "./buckets";
import { formatAmount } from "./lossGeometry";

/** A part of time in words, for screen readers. */
export function bucketSentence(bucket: Bucket | undefined, sides: readonly FigureSide[], measure: Measure): string {
  if (!bucket) return "nothing";
  const parts = sides
    .filter((side) => (bucket.bySide.get(side.sideId) ?? 0) > 0)
    .map((side) => `${side.name} lost ${formatAmount(bucket.bySide.get(side.sideId) ?? 0, measure)}`);
  return `${clockSeconds(bucket.from)}: ${parts.join(", ") || "no loss"}`;
}

type ReadoutProps = { bucket: Bucket; left: number; width: number; sides: readonly FigureSide[]; measure: Measure };

/** The same beside the pointer. */
export function Readout({ bucket, left, width, sides, measure }: ReadoutProps) {
  const lost = sides.filter((side) => (bucket.bySide.get(side.sideId) ?? 0) > 0);
  const place = left > width / 2 ? { right: width - left + 8 } : { left: left + 8 };
  return (
    <div
      className="overlay pointer-events-none absolute top-6 z-10 rounded-control border border-line2 bg-s2 px-2 py-1 text-sec"
      style={place}
    >
      <div className="text-t2">
        {clockSeconds(bucket.from)} to {clockSeconds(bucket.to)}
      </div>
      {lost.length === 0 && <div className="text-t3">no loss</div>}
      {lost.map((side) => (
        <div className="flex items-center gap-2" key={String(side.sideId)}>
          <span
            className={`${sideClass(side.sideId)} ${isHatched(side.sideId, side.role) ? "side-hatch" : "side-fill"} size-2 rounded-[1px]`}
          />
          <span className="max-w-40 truncate">{side.name}</span>
          <span className="ml-auto font-[600]">{formatAmount(bucket.bySide.get(side.sideId) ?? 0, measure)}</span>
        </div>
      ))}
    </div>
  );
}
