import { useState } from "react";
import type { BattleBattleDetail } from "@/api/client";
import { mayEdit, useAccess } from "@/lib/access";
import { Button } from "@/ui/controls";
import { Dialog } from "@/ui/Dialog";
import { useEdit } from "./edits";

const MOST_CHARACTERS = 100;

/** Gives the battle a name of its own, or takes it away; for those who may edit. */
export function RenameButton({ battle }: { battle: BattleBattleDetail }) {
  const editable = mayEdit(useAccess());
  const [open, setOpen] = useState(false);
  const edit = useEdit(battle.id);
  if (!editable) return null;
  const rename = (name: string | null) => {
    setOpen(false);
    edit.mutate({
      edit: { kind: "rename", name },
      message: name ? `The battle is called “${name}”` : "The name is removed",
      preview: (before) => ({ ...before, name }),
    });
  };
  return (
    <>
      <Button icon="edit" onClick={() => setOpen(true)}>
        {battle.name ? "Rename" : "Name"}
      </Button>
      <Dialog onClose={() => setOpen(false)} open={open} title="Name of the battle">
        <form
          className="flex flex-col gap-3"
          onSubmit={(event) => {
            event.preventDefault();
            const name = String(new FormData(event.currentTarget).get("name") ?? "").trim();
            rename(name === "" ? null : name);
          }}
        >
          <label className="flex flex-col gap-1 text-sec text-t2">
            Name
            <input
              autoComplete="off"
              className="h-9 rounded-control border border-line2 bg-bg px-2 text-body text-t1 max-md:h-11"
              defaultValue={battle.name ?? ""}
              maxLength={MOST_CHARACTERS}
              name="name"
              placeholder="Empty for none"
            />
          </label>
          <Button className="self-end" tone="primary" type="submit">
            Save the name
          </Button>
        </form>
      </Dialog>
    </>
  );
}
