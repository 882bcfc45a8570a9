import type { ReactNode } from "react";
import { type Rows, useWindowRows } from "./useWindowRows";

/** A list of which only the rows in sight are in the document. */
export function VirtualRows({ rows, children }: { rows: Rows; children: (index: number) => ReactNode }) {
  const { box, height, shown } = useWindowRows(rows);
  return (
    <div className="relative" ref={box} role="list" style={{ height }}>
      {shown.map((row) => (
        <div
          aria-posinset={row.index + 1}
          aria-setsize={rows.length}
          // Nothing in a row reaches out of it, so that one that comes or goes lays out only itself.
          className="absolute inset-x-0 border-b border-hair [contain:strict]"
          data-index={row.index}
          key={rows.keyOf(row.index)}
          role="listitem"
          style={{ height: row.height, top: row.top }}
        >
          {children(row.index)}
        </div>
      ))}
    </div>
  );
}
