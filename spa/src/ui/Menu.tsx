import { DropdownMenu } from "radix-ui";
import type { ReactNode } from "react";

/** A button that opens a list of commands and links; arrows, letters and Esc work in it. */
export function Menu({ trigger, label, children }: { trigger: ReactNode; label: string; children: ReactNode }) {
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align="end"
          aria-label={label}
          className="overlay z-50 min-w-48 rounded-panel border border-line bg-s1 p-1"
          collisionPadding={8}
          sideOffset={4}
        >
          {children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

const ITEM =
  "flex min-h-8 w-full cursor-pointer items-center gap-2 rounded-[4px] px-2 text-body outline-none data-highlighted:bg-s3 max-md:min-h-11";

export function MenuItem({ onSelect, children }: { onSelect: () => void; children: ReactNode }) {
  return (
    <DropdownMenu.Item className={ITEM} onSelect={onSelect}>
      {children}
    </DropdownMenu.Item>
  );
}

export function MenuLink({ href, out, children }: { href: string; out?: boolean; children: ReactNode }) {
  return (
    <DropdownMenu.Item asChild className={ITEM}>
      <a href={href} {...(out && { target: "_blank", rel: "noopener noreferrer" })}>
        {children}
      </a>
    </DropdownMenu.Item>
  );
}

export function MenuLabel({ children }: { children: ReactNode }) {
  return <DropdownMenu.Label className="px-2 py-1 text-label text-t3">{children}</DropdownMenu.Label>;
}
