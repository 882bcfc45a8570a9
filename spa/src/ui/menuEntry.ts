import type { ReactNode } from "react";

/** A command, a link (`out`: to another site), or a heading. */
export type MenuEntry = { key: string; content: ReactNode } & (
  | { onSelect: () => void }
  | { href: string; out?: boolean }
  | { heading: true }
);
