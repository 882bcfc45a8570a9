import { type TouchEvent, useMemo, useRef } from "react";
import { mayEdit, useAccess } from "@/lib/access";
import { shortIsk } from "@/lib/isk";
import { arrange } from "@/lib/sides";
import { SideKey } from "@/ui/marks";
import { Note } from "@/ui/states";
import { useChange, useReport } from "../model/context";
import { sideName, sideTicker } from "../model/losses";
import { HowItWent, MostKills, ThirdParty, Unassigned } from "./Rail";
import { SideColumn } from "./SideColumn";

/** The sides beside each other, and beside them what the killmails tell. On a phone one side at a time. */
export function SummaryTab() {
  const { battle, search } = useReport();
  const editable = mayEdit(useAccess());
  const columns = useMemo(() => {
    const { left, right } = arrange(battle.sides);
    const main = battle.sides.filter((side) => side.role === "main");
    return main.length > 2 ? main : [left, right].filter((side) => side !== undefined);
  }, [battle]);
  const rest = battle.sides.filter((side) => !columns.includes(side));
  const shown = columns.some((side) => side.sideId === search.side) ? search.side : columns[0]?.sideId;
  const many = columns.length > 2;
  const change = useChange();
  const swipe = useSwipe((step) => {
    const at = columns.findIndex((side) => side.sideId === shown);
    const next = columns[at + step];
    if (next) change({ side: next.sideId }, true);
  });
  return (
    <div className={`grid gap-3 ${many ? "" : "xl:grid-cols-[minmax(0,1fr)_318px]"}`}>
      <div className="min-w-0" {...swipe}>
        <SideSwitch shown={shown} />
        <div
          className={
            many ? "flex gap-3 overflow-x-auto md:snap-x" : "grid grid-cols-2 items-start gap-3 max-md:grid-cols-1"
          }
        >
          {columns.map((side) => (
            <div
              className={`min-w-0 ${many ? "md:min-w-95 md:flex-1 md:snap-start max-md:w-full" : ""} ${side.sideId === shown ? "" : "max-md:hidden"}`}
              key={side.sideId}
            >
              <SideColumn editable={editable} side={side} />
            </div>
          ))}
          {columns.length === 0 && (
            <p className="panel p-4 text-t2">There is too little evidence to tell sides apart.</p>
          )}
        </div>
      </div>
      <aside
        aria-label="About the fight"
        className={`grid min-w-0 grid-cols-1 content-start gap-3 ${many ? "md:grid-cols-3" : "max-xl:md:grid-cols-2"}`}
      >
        <HowItWent />
        {rest.map((side) => (
          <ThirdParty editable={editable} key={side.sideId} side={side} />
        ))}
        <Unassigned editable={editable} />
        <MostKills />
        <Note title="Seen on killmails.">
          Counts are lower bounds: logistics, scouts and survivors may leave no mail.
        </Note>
      </aside>
    </div>
  );
}

const SWIPE_PX = 60;
const PHONE_PX = 768;

/** A finger to the left goes to the next side, as the buttons above do. Wide windows show all sides anyway. */
function useSwipe(go: (step: 1 | -1) => void) {
  const from = useRef<{ x: number; y: number }>(undefined);
  return {
    onTouchStart: (event: TouchEvent) => {
      const touch = event.touches[0];
      from.current = event.touches.length === 1 && touch ? { x: touch.clientX, y: touch.clientY } : undefined;
    },
    onTouchEnd: (event: TouchEvent) => {
      const touch = event.changedTouches[0];
      if (!touch || !from.current || innerWidth >= PHONE_PX) return;
      const x = touch.clientX - from.current.x;
      const y = touch.clientY - from.current.y;
      if (Math.abs(x) > SWIPE_PX && Math.abs(x) > 2 * Math.abs(y)) go(x < 0 ? 1 : -1);
    },
  };
}

function SideSwitch({ shown }: { shown: number | undefined }) {
  const { battle } = useReport();
  const change = useChange();
  const main = battle.sides.filter((side) => side.role === "main");
  if (main.length < 2) return null;
  return (
    <fieldset className="no-scrollbar sticky top-11 z-10 mb-3 flex min-w-0 gap-2 overflow-x-auto bg-bg py-1 md:hidden">
      <legend className="sr">Side</legend>
      {main.map((side) => (
        <button
          aria-pressed={side.sideId === shown}
          className={`flex min-h-11 min-w-0 flex-1 items-center gap-2 rounded-control border px-2.5 ${side.sideId === shown ? "border-t2 bg-s2" : "border-line2"}`}
          key={side.sideId}
          onClick={() => change({ side: side.sideId }, true)}
          type="button"
        >
          <SideKey role={side.role} sideId={side.sideId} />
          <span className="min-w-0 text-left leading-[16px]">
            <span className="block truncate" title={sideName(side)}>
              {sideTicker(side)}
            </span>
            <span className="block truncate text-label text-t2">{shortIsk(side.iskLost)} lost</span>
          </span>
        </button>
      ))}
    </fieldset>
  );
}
