import { cloneElement, lazy, type MouseEventHandler, type ReactElement, Suspense, useState } from "react";
import type { MenuEntry } from "./menuEntry";

type Button = ReactElement<{ onClick?: MouseEventHandler; "aria-haspopup"?: "menu"; "aria-expanded"?: boolean }>;
type Props = { button: Button; label: string; entries: () => readonly MenuEntry[] };

const load = () => import("./RadixMenu");
const RadixMenu = lazy(load);

/** A button that opens a list of commands and links. The list is loaded by the first click on any of them. */
export function Menu({ button, label, entries }: Props) {
  const [asked, setAsked] = useState(false);
  const plain = cloneElement(button, {
    onClick: () => setAsked(true),
    "aria-haspopup": "menu",
    "aria-expanded": false,
  });
  if (!asked) return plain;
  return (
    <Suspense fallback={plain}>
      <RadixMenu button={button} entries={entries()} label={label} />
    </Suspense>
  );
}
