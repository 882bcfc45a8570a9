import { useNavigate } from "@tanstack/react-router";
import type { PartyItem } from "@/api/client";
import { partyKey, partyName, zkillboardUrl } from "@/lib/names";
import { Icon } from "@/ui/Icon";
import { Menu } from "@/ui/Menu";
import { SideKey } from "@/ui/marks";
import type { MenuEntry } from "@/ui/menuEntry";
import { useReport } from "../model/context";
import { pinOf, useEdit, useUndo } from "./edits";

const LIST_KEY = { alliance: "alliance", corporation: "corp", character: "pilot", faction: undefined } as const;

/** What can be done with a party. */
export function PartyMenu({ party, sideId, editable }: { party: PartyItem; sideId: number; editable: boolean }) {
  const { battle } = useReport();
  const edit = useEdit(battle.id);
  const undo = useUndo(battle.id);
  const { pinned } = party;
  const navigate = useNavigate();
  const key = LIST_KEY[party.partyType];
  const name = partyName(party);
  const pilots = {
    to: "/battles/$id/participants",
    params: { id: battle.id },
    search: { party: partyKey(party) },
  } as const;
  const entries = (): MenuEntry[] => [
    { key: "zkill", content: "zKillboard", href: zkillboardUrl(party.partyType, party.partyId), out: true },
    ...(party.partyType === "alliance"
      ? [{ key: "who", content: "EVE Who", href: `https://evewho.com/alli/${party.partyId}`, out: true }]
      : []),
    ...(key
      ? [
          {
            key: "battles",
            content: "Its battles",
            onSelect: () => void navigate({ to: "/battles", search: { [key]: [party.partyId] } }),
          },
        ]
      : []),
    { key: "pilots", content: "Its pilots here", onSelect: () => void navigate(pilots) },
    ...(editable && pinned
      ? [{ key: "unpin", content: "Take the pin away", onSelect: () => undo.mutate({ id: pinned.editId }) }]
      : []),
    ...(editable ? [{ key: "move", content: "Move to", heading: true as const }] : []),
    ...(editable ? battle.sides.filter((side) => side.sideId !== sideId) : []).map((side) => ({
      key: `side${side.sideId}`,
      content: (
        <>
          <SideKey role={side.role} sideId={side.sideId} /> <span>side {side.sideId}</span>
        </>
      ),
      onSelect: () => edit.mutate(pinOf(party, side.sideId)),
    })),
  ];
  const button = (
    <button
      aria-label={`More about ${name}`}
      className="grid size-7 place-items-center rounded-control text-t2 hover:bg-s3 hover:text-t1 max-md:size-11"
      type="button"
    >
      <Icon name="more" />
    </button>
  );
  return <Menu button={button} entries={entries} label={name} />;
}
