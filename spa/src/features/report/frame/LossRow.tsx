import { Link } from "@tanstack/react-router";
import { memo } from "react";
import type { BattleKillmailItem } from "@/api/client";
import { clock, clockSeconds } from "@/lib/time";
import { Isk, LostTag } from "@/ui/marks";
import { ShipIcon } from "@/ui/ShipIcon";
import { useReport } from "../model/context";
import { shipName, victimName } from "../model/losses";
import { sharedSearch } from "../model/search";

/** A loss in 44 pixels; the whole of it opens the killmail beside the list of kills. */
export const LossRow = memo(function LossRow({ mail }: { mail: BattleKillmailItem }) {
  const { battle, search } = useReport();
  return (
    <Link
      className="loss-row flex h-11 items-center gap-2.5 px-3.5 hover:bg-s2"
      data-row=""
      params={{ id: battle.id }}
      search={{ ...sharedSearch(search), mail: mail.killmailId }}
      to="/battles/$id/kills"
    >
      <ShipIcon hull={mail.hullClass} size={30} typeId={mail.shipTypeId} />
      <span className="min-w-0 flex-1 leading-[17px]">
        <span className="flex items-center gap-1.5">
          <span className="truncate font-[550]">{shipName(mail)}</span>
          <LostTag />
        </span>
        <span className="block truncate text-sec text-t2" dir="auto">
          {victimName(mail)} {mail.victimTicker && `[${mail.victimTicker}]`}
        </span>
      </span>
      <span className="text-sec text-t2" title={clockSeconds(mail.occurredAt)}>
        {clock(mail.occurredAt)}
      </span>
      <span className="w-14 text-right font-[600]">
        <Isk value={mail.iskValue} />
      </span>
    </Link>
  );
});
