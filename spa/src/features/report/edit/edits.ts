/** Changes of a battle by a person: shown at once, and taken back if the server refuses. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import {
  type BattleBattleDetail,
  type EditItem,
  type Exclude,
  type Merge,
  type PartyItem,
  type PinInput,
  type RemovePilot,
  type Rename,
  request,
  type Split,
} from "@/api/client";
import { sentenceOf, statusOf } from "@/api/errors";
import { battle } from "@/api/queries";
import { partyKey, partyName } from "@/lib/names";
import { toast } from "@/lib/toasts";

type Change = {
  edit: PinInput | Exclude | Rename | Split | Merge | RemovePilot;
  message: string;
  preview?: (before: BattleBattleDetail) => BattleBattleDetail;
};

const WAIT = { prefer: "wait=10" };

/** Store an edit of the revision that is shown. */
export function useEdit(battleId: string) {
  const client = useQueryClient();
  const key = battle(battleId).queryKey;
  const undo = useUndo(battleId);
  const mutation = useMutation({
    mutationFn: ({ edit }: Change): Promise<EditItem> => {
      const revision = client.getQueryData(key)?.revision ?? 0;
      const headers = { ...WAIT, "if-match": `"${revision}"` };
      return request("POST /api/battles/{battle_id}/edits", { path: { battle_id: battleId }, body: edit, headers });
    },
    onMutate: async ({ preview }: Change) => {
      await client.cancelQueries({ queryKey: key });
      const before = client.getQueryData(key);
      if (before && preview) client.setQueryData(key, preview(before));
      return before;
    },
    onSuccess: (stored, { message }) => {
      const pending = stored.state === "pending" ? " It is stored and takes effect soon." : "";
      toast(`${message}.${pending}`, { action: { label: "Undo", run: () => undo.mutate(stored) } });
    },
    onError: (error, change, before) => {
      if (before) client.setQueryData(key, before);
      if (statusOf(error) !== 412) return toast(sentenceOf(error), { tone: "error" });
      const again = () => mutation.mutate(change);
      return toast("Somebody or a late killmail changed this battle meanwhile. It is read again.", {
        tone: "error",
        action: { label: "Do it again", run: again },
      });
    },
    onSettled: () => client.invalidateQueries({ queryKey: ["battle", battleId] }),
  });
  return mutation;
}

export function useUndo(battleId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (edit: Pick<EditItem, "id">) =>
      request("DELETE /api/battles/{battle_id}/edits/{edit_id}", {
        path: { battle_id: battleId, edit_id: edit.id },
        body: null,
        headers: WAIT,
      }),
    onSuccess: () => toast("Undone"),
    onError: (error) => toast(sentenceOf(error), { tone: "error" }),
    onSettled: () => client.invalidateQueries({ queryKey: ["battle", battleId] }),
  });
}

/** Put a party on a side; the figures follow when the server has computed them. */
export function pinOf(party: PartyItem, sideId: number): Change {
  return {
    edit: { kind: "pin", partyType: party.partyType, partyId: party.partyId, sideId },
    message: `${partyName(party)} is on side ${sideId}`,
    preview: (before) => withParty(before, party, sideId),
  };
}

export function withParty(before: BattleBattleDetail, party: PartyItem, sideId: number): BattleBattleDetail {
  const others = (parties: readonly PartyItem[]) => parties.filter((one) => partyKey(one) !== partyKey(party));
  const moved: PartyItem = { ...party, role: "side", confidence: 1 };
  return {
    ...before,
    unassigned: others(before.unassigned),
    sides: before.sides.map((side) => {
      const parties = others(side.parties);
      return { ...side, parties: side.sideId === sideId ? [...parties, moved] : parties };
    }),
  };
}
