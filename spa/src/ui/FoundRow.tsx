import { type Found, isInside } from "@/lib/found";
import { Emblem } from "./Emblem";
import { Icon } from "./Icon";
import { Marked } from "./Marked";
import { SecBadge } from "./marks";
import { ShipIcon } from "./ShipIcon";

const SIZE = 26;

/** What was found in one line: its picture, name and ticker with the match, what it belongs to, and a figure. */
export function FoundRow({ found }: { found: Found }) {
  return (
    <>
      <span className="grid w-12 shrink-0 place-items-center">
        <Picture found={found} />
      </span>
      <span className="min-w-0 flex-1 leading-[17px]">
        <span className="flex min-w-0 items-baseline gap-1.5">
          <span className="truncate font-[500]" dir="auto">
            <Marked marks={found.nameMarks} text={found.name} />
          </span>
          {found.ticker && (
            <span className="shrink-0 text-sec text-t2">
              [<Marked marks={found.tickerMarks} text={found.ticker} />]
            </span>
          )}
          {found.isSimilar && <span className="shrink-0 text-label text-t3">similar</span>}
        </span>
        {found.detail && (
          <span className="block truncate text-label text-t3" dir="auto">
            {found.detail}
          </span>
        )}
      </span>
      <span className="shrink-0 text-right text-sec text-t2">{found.figure}</span>
      {!isInside(found.href) && (
        <span className="shrink-0 text-t3">
          <Icon name="external" size={14} />
          <span className="sr">at zKillboard, in a new tab</span>
        </span>
      )}
    </>
  );
}

function Picture({ found }: { found: Found }) {
  if (found.kind === "alliance" || found.kind === "corporation" || found.kind === "character") {
    return <Emblem id={found.id} size={SIZE} type={found.kind} />;
  }
  if (found.ship) return <ShipIcon hull={found.ship.hull} size={SIZE} typeId={found.ship.typeId} />;
  if (found.kind === "system" && found.place) return <SecBadge place={found.place} systemId={found.id} />;
  return <Icon name="battle" size={18} />;
}
