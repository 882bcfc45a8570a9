import { clockSeconds, duration } from "@/lib/time";
import { bucketsOf, type FigureSide, type Loss, type Measure } from "./buckets";
import { formatAmount } from "./lossGeometry";

type Props = {
  start: number;
  end: number;
  losses: readonly Loss[];
  sides: readonly FigureSide[];
  measure: Measure;
  seconds: number;
};

/** The same numbers as rows, for those who do not see the figure. */
export function LossTable({ start, end, losses, sides, measure, seconds }: Props) {
  const buckets = bucketsOf(losses, start, end, seconds, measure).filter((bucket) => bucket.losses > 0);
  return (
    <table className="w-full text-sec">
      <caption className="sr">Losses in parts of {duration(seconds)}</caption>
      <thead>
        <tr className="border-b border-line text-left text-t3">
          <th className="px-3 py-1 font-[400]" scope="col">
            From
          </th>
          {sides.map((side) => (
            <th className="px-3 py-1 text-right font-[400]" key={String(side.sideId)} scope="col">
              {side.name}
            </th>
          ))}
          <th className="px-3 py-1 text-right font-[400]" scope="col">
            Killmails
          </th>
        </tr>
      </thead>
      <tbody>
        {buckets.map((bucket) => (
          <tr className="border-b border-hair" key={bucket.from}>
            <th className="px-3 py-1 text-left font-[400]" scope="row">
              {clockSeconds(bucket.from)}
            </th>
            {sides.map((side) => (
              <td className="px-3 py-1 text-right" key={String(side.sideId)}>
                {formatAmount(bucket.bySide.get(side.sideId) ?? 0, measure)}
              </td>
            ))}
            <td className="px-3 py-1 text-right">{bucket.losses}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
