import { type DragEvent, useState } from "react";
import type { PartyItem } from "@/api/client";
import { partyKey } from "@/lib/names";
import { useReport } from "../model/context";
import { pinOf, useEdit } from "./edits";

/** A kind of its own: a file or a text that is dragged over the page is no party. */
const KIND = "application/x-battlescope-party";

/** Lets a row be dragged to another side. The menu of the row does the same by keys. */
export function dragOf(party: PartyItem) {
  return {
    draggable: true,
    onDragStart: (event: DragEvent) => {
      event.dataTransfer.setData(KIND, partyKey(party));
      event.dataTransfer.effectAllowed = "move";
    },
  };
}

/** Puts a party that is dropped here on the side. */
export function useDropOnSide(sideId: number, editable: boolean) {
  const { battle } = useReport();
  const edit = useEdit(battle.id);
  const [isOver, setOver] = useState(false);
  if (!editable) return { isOver: false, handlers: {} };
  const isParty = (event: DragEvent) => event.dataTransfer.types.includes(KIND);
  const handlers = {
    onDragOver: (event: DragEvent) => {
      if (!isParty(event)) return;
      event.preventDefault();
      setOver(true);
    },
    onDragLeave: (event: DragEvent) => {
      const isInside = event.relatedTarget instanceof Node && event.currentTarget.contains(event.relatedTarget);
      if (!isInside) setOver(false);
    },
    onDrop: (event: DragEvent) => {
      setOver(false);
      const key = event.dataTransfer.getData(KIND);
      if (!key) return;
      event.preventDefault();
      const home = battle.sides.find((side) => side.parties.some((party) => partyKey(party) === key));
      const parties = [...battle.sides.flatMap((side) => side.parties), ...battle.unassigned];
      const party = parties.find((one) => partyKey(one) === key);
      if (party && home?.sideId !== sideId) edit.mutate(pinOf(party, sideId));
    },
  };
  return { isOver, handlers };
}
