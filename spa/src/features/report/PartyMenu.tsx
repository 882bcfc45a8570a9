import { useNavigate } from "@tanstack/react-router";
import type { PartyItem } from "@/api/client";
import { partyKey, partyName, zkillboardUrl } from "@/lib/names";
import { Icon } from "@/ui/Icon";
import { Menu, MenuItem, MenuLabel, MenuLink } from "@/ui/Menu";
import { SideKey } from "@/ui/marks";
import { useReport } from "./context";
import { pinOf, useEdit } from "./edits";

const LIST_KEY = { alliance: "alliance", corporation: "corp", character: "pilot", faction: undefined } as const;

/** What can be done with a party of a side. */
export function PartyMenu({ party, sideId, editable }: { party: PartyItem; sideId: number; editable: boolean }) {
  const { battle } = useReport();
  const edit = useEdit(battle.id);
  const navigate = useNavigate();
  const key = LIST_KEY[party.partyType];
  const name = partyName(party);
  const trigger = (
    <button
      aria-label={`More about ${name}`}
      className="grid size-7 place-items-center rounded-control text-t3 hover:bg-s3 hover:text-t1 max-md:size-11"
      type="button"
    >
      <Icon name="more" />
    </button>
  );
  return (
    <Menu label={name} trigger={trigger}>
      <MenuLink href={zkillboardUrl(party.partyType, party.partyId)} out>
        zKillboard
      </MenuLink>
      {party.partyType === "alliance" && (
        <MenuLink href={`https://evewho.com/alli/${party.partyId}`} out>
          EVE Who
        </MenuLink>
      )}
      {key && (
        <MenuItem onSelect={() => navigate({ to: "/battles", search: { [key]: [party.partyId] } })}>
          Its battles
        </MenuItem>
      )}
      <MenuItem
        onSelect={() =>
          navigate({
            to: "/battles/$id/participants",
            params: { id: battle.id },
            search: { party: partyKey(party), side: sideId },
          })
        }
      >
        Its pilots here
      </MenuItem>
      {editable && <MenuLabel>Move to</MenuLabel>}
      {editable &&
        battle.sides
          .filter((side) => side.sideId !== sideId)
          .map((side) => (
            <MenuItem key={side.sideId} onSelect={() => edit.mutate(pinOf(party, side.sideId))}>
              <SideKey role={side.role} sideId={side.sideId} /> side {side.sideId}
            </MenuItem>
          ))}
    </Menu>
  );
}
