import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "@/api/client";
import { sentenceOf } from "@/api/errors";
import { shares } from "@/api/reportQueries";
import { useAccess } from "@/lib/access";
import { useMinutes } from "@/lib/clock";
import { ago } from "@/lib/time";
import { toast } from "@/lib/toasts";
import { Button, OutLink } from "@/ui/controls";
import { Dialog } from "@/ui/Dialog";
import { Menu } from "@/ui/Menu";
import { Empty, ErrorBox, SkeletonRows } from "@/ui/states";

/** The link of this page for those who have access, or one with a public card for all others. */
export function ShareMenu({ id }: { id: string }) {
  const access = useAccess();
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const makeCard = () =>
    request("POST /api/battles/{battle_id}/shares", { path: { battle_id: id }, body: null }).then(
      (link) => {
        void client.invalidateQueries({ queryKey: shares(id).queryKey });
        return share(new URL(link.url, location.href).href);
      },
      (error: unknown) => toast(sentenceOf(error), { tone: "error" }),
    );
  const entries = () => [
    { key: "page", content: "This page", onSelect: () => void share(location.href) },
    ...(access?.canWrite
      ? [
          { key: "card", content: "A card for everybody", onSelect: () => void makeCard() },
          { key: "links", content: "Cards that were made", onSelect: () => setOpen(true) },
        ]
      : [{ key: "why", content: "A public card needs a login", heading: true as const }]),
  ];
  const button = (
    <Button icon="share" tone="primary">
      Share
    </Button>
  );
  return (
    <>
      <Menu button={button} entries={entries} label="Share" />
      <Dialog onClose={() => setOpen(false)} open={open} title="Public cards of this battle">
        <Cards id={id} />
      </Dialog>
    </>
  );
}

/** The links that were made, each with its end. */
function Cards({ id }: { id: string }) {
  const client = useQueryClient();
  const list = useQuery(shares(id));
  const now = useMinutes();
  const revoke = useMutation({
    mutationFn: (shareId: string) =>
      request("DELETE /api/battles/{battle_id}/shares/{share_id}", {
        path: { battle_id: id, share_id: shareId },
      }),
    onSuccess: () => toast("The link does not work any more"),
    onError: (error) => toast(sentenceOf(error), { tone: "error" }),
    onSettled: () => client.invalidateQueries({ queryKey: shares(id).queryKey }),
  });
  if (list.isPending) return <SkeletonRows height={44} rows={2} />;
  if (list.isError)
    return <ErrorBox error={list.error} onRetry={() => list.refetch()} what="The links cannot be listed." />;
  if (list.data.items.length === 0) return <Empty>Nobody made a card of this battle.</Empty>;
  return (
    <ul>
      {list.data.items.map((item) => (
        <li className="flex min-h-11 items-center gap-3 border-t border-hair py-1" key={item.id}>
          <span className="min-w-0 flex-1 text-sec">
            {item.isActive ? <OutLink href={item.url}>{item.url}</OutLink> : <s className="text-t3">{item.url}</s>}
            <span className="block text-t2">
              {item.createdBy ?? "somebody"}, {ago(item.createdAt, Math.max(now, Date.parse(item.createdAt)))}
              {!item.isActive && (item.revokedAt ? ", revoked" : ", expired")}
            </span>
          </span>
          {item.isActive && (
            <Button disabled={revoke.isPending} onClick={() => revoke.mutate(item.id)}>
              Revoke
            </Button>
          )}
        </li>
      ))}
    </ul>
  );
}

/** The phone's own way of sharing, else the clipboard. */
async function share(url: string): Promise<void> {
  try {
    if (navigator.share) return await navigator.share({ title: document.title, url });
    await navigator.clipboard.writeText(url);
    toast("The link is copied");
  } catch (error) {
    if (error instanceof Error && error.name === "AbortError") return;
    toast(`This browser does not let a page share: ${url}`, { tone: "error" });
  }
}
