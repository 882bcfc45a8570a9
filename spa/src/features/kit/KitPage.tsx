import { type ReactNode, useState } from "react";
import { Spark } from "@/figures/Spark";
import { TugBar } from "@/figures/TugBar";
import { HULL_CLASSES, hullLabel } from "@/lib/hulls";
import { toast } from "@/lib/toasts";
import { Button, Chip, RemovableChip, Seg, Select } from "@/ui/controls";
import { Dialog } from "@/ui/Dialog";
import { Emblem } from "@/ui/Emblem";
import { HullGlyph } from "@/ui/HullGlyph";
import { Menu } from "@/ui/Menu";
import { ConfidencePips, Isk, LostTag, SecBadge, SideKey, StatusTag, sideClass, TierMeter } from "@/ui/marks";
import { Empty, ErrorBox, Note, SkeletonRows } from "@/ui/states";
import { useTitle } from "@/ui/useTitle";

const SIDES = [1, 2, 3, 4, 5, 6, 7, null] as const;
const THIRD = { role: "third_party", sideId: 3 } as const;
const SECURITY = [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.03, 0, -0.7] as const;
const CHOICES = [
  { value: "a", label: "First" },
  { value: "b", label: "Second" },
] as const;

/** Every component in its states, for those who change one. No page leads here. */
export function KitPage() {
  const [choice, setChoice] = useState<"a" | "b">("a");
  const [on, setOn] = useState(true);
  const [open, setOpen] = useState(false);
  useTitle("Components");
  return (
    <>
      <h1 className="py-3 text-page font-[650]" tabIndex={-1}>
        Components
      </h1>
      <div className="grid gap-3 md:grid-cols-2">
        <Part name="Buttons and choices">
          <Button>Plain</Button>
          <Button icon="share" tone="primary">
            Primary
          </Button>
          <Button tone="ghost">Ghost</Button>
          <Button disabled>Disabled</Button>
          <Chip on={on} onChange={setOn}>
            Chip
          </Chip>
          <RemovableChip label="Kills at least 2" onRemove={() => toast("Removed")} />
          <Seg label="Seg" onChange={setChoice} options={CHOICES} value={choice} />
          <Select label="Select" onChange={setChoice} options={CHOICES} value={choice} />
          <Menu
            button={<Button>Menu</Button>}
            entries={() => [{ key: "one", content: "One", onSelect: () => toast("One") }]}
            label="Menu"
          />
          <Button onClick={() => setOpen(true)}>Dialog</Button>
          <Button onClick={() => toast("Done", { action: { label: "Undo", run: () => toast("Undone") } })}>
            Toast
          </Button>
          <Dialog onClose={() => setOpen(false)} open={open} title="Dialog">
            Esc closes it.
          </Dialog>
        </Part>
        <Part name="Sides">
          {SIDES.map((side) => (
            <span className={`${sideClass(side)} flex items-center gap-1.5`} key={String(side)}>
              <SideKey sideId={side} />
              <span className="side-text">side {side ?? "none"}</span>
            </span>
          ))}
          <SideKey {...THIRD} />
          <TugBar
            segments={[
              { sideId: 1, role: "main", value: 5 },
              { sideId: 3, role: "third_party", value: 1 },
              { sideId: 2, role: "main", value: 9 },
            ]}
            sentence="A bar of three sides"
          />
          <Spark
            label="A spark"
            spark={{
              bucketSeconds: 60,
              lost: [
                { sideId: 1, isk: [1, 4, 9, 0, 3] },
                { sideId: 2, isk: [4, 1, 0, 16, 2] },
              ],
            }}
            up={1}
          />
        </Part>
        <Part name="Security">
          {SECURITY.map((status) => (
            <SecBadge key={status} place={{ securityType: "nullsec", securityStatus: status, systemClass: null }} />
          ))}
          {[1, 6, 12, 13, 15].map((systemClass) => (
            <SecBadge key={systemClass} place={{ securityType: "wormhole", securityStatus: -1, systemClass }} />
          ))}
          <SecBadge place={{ securityType: "pochven", securityStatus: -1, systemClass: null }} />
          <SecBadge place={{ securityType: "nullsec", securityStatus: null, systemClass: null }} />
        </Part>
        <Part name="Marks">
          {(["small", "skirmish", "battle", "major"] as const).map((tier) => (
            <TierMeter key={tier} tier={tier} />
          ))}
          <StatusTag status="open" />
          <StatusTag status="closed" />
          <LostTag />
          {["950", "12000", "456700000", "1230000000", "109000000000"].map((isk) => (
            <Isk key={isk} value={isk} />
          ))}
          {[0.2, 0.54, 0.98].map((confidence) => (
            <ConfidencePips confidence={confidence} evidence={3.2} key={confidence} />
          ))}
        </Part>
        <Part name="Hulls">
          {HULL_CLASSES.map((hull) => (
            <span className="flex items-center gap-1.5" key={hull}>
              <HullGlyph hull={hull} size={20} />
              {hullLabel(hull)}
            </span>
          ))}
        </Part>
        <Part name="Emblems without the image host">
          {Array.from({ length: 14 }, (_, index) => (
            <Emblem
              id={String(99_000_001 + index)}
              key={index}
              size={32}
              type={index % 5 === 4 ? "character" : "alliance"}
            />
          ))}
        </Part>
        <Part name="No data">
          <div className="w-full">
            <SkeletonRows height={32} rows={2} />
            <Empty action={<Button>Drop the filter</Button>}>No battle matches these filters.</Empty>
            <ErrorBox error={new Error("x")} onRetry={() => toast("Again")} what="The battles cannot be listed." />
            <Note title="Killmails may still arrive.">Posters can hold killmails up to 72 hours.</Note>
          </div>
        </Part>
      </div>
    </>
  );
}

function Part({ name, children }: { name: string; children: ReactNode }) {
  return (
    <section aria-label={name} className="panel p-3.5">
      <h2 className="mb-3 font-[600]">{name}</h2>
      <div className="flex flex-wrap items-center gap-3">{children}</div>
    </section>
  );
}
