import { DropdownMenu } from "radix-ui";
import type { ReactElement } from "react";
import type { MenuEntry } from "./menuEntry";

const ITEM =
  "flex min-h-8 w-full cursor-pointer items-center gap-2 rounded-[4px] px-2 text-body outline-none data-highlighted:bg-s3 max-md:min-h-11";

type Props = { button: ReactElement; label: string; entries: readonly MenuEntry[] };

/** Arrows, letters and Esc work in it. It opens at once, as it is loaded by the click that asks for it. */
export default function RadixMenu({ button, label, entries }: Props) {
  return (
    <DropdownMenu.Root defaultOpen>
      <DropdownMenu.Trigger asChild>{button}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align="end"
          aria-label={label}
          className="overlay z-50 max-w-80 min-w-48 rounded-panel border border-line bg-s1 p-1"
          collisionPadding={8}
          sideOffset={4}
        >
          {entries.map((entry) => (
            <Entry entry={entry} key={entry.key} />
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

function Entry({ entry }: { entry: MenuEntry }) {
  if ("onSelect" in entry) {
    return (
      <DropdownMenu.Item className={ITEM} onSelect={entry.onSelect}>
        {entry.content}
      </DropdownMenu.Item>
    );
  }
  if ("href" in entry) {
    return (
      <DropdownMenu.Item asChild className={ITEM}>
        <a href={entry.href} {...(entry.out && { target: "_blank", rel: "noopener noreferrer" })}>
          {entry.content}
        </a>
      </DropdownMenu.Item>
    );
  }
  return <DropdownMenu.Label className="px-2 py-1 text-label text-t3">{entry.content}</DropdownMenu.Label>;
}
