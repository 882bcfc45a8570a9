import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, useState } from "react";
import { Icon } from "@/ui/Icon";

const KINDS = [
  { key: "system", label: "in the system" },
  { key: "alliance", label: "with the alliance" },
  { key: "corp", label: "with the corporation" },
  { key: "pilot", label: "with the pilot" },
] as const;

/** Finds battles by a name: one field, and what the name means as choices (an ARIA combobox). */
export default function QuickSearch() {
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(0);
  const [open, setOpen] = useState(false);
  const navigate = useNavigate();
  const name = text.trim();
  const shown = open && name.length >= 2;

  const go = (index: number) => {
    const kind = KINDS[index];
    if (!kind || name.length < 2) return;
    setOpen(false);
    setText("");
    navigate({ to: "/battles", search: { [kind.key]: [name] } });
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.key === "ArrowDown") setChosen((chosen + 1) % KINDS.length);
    else if (event.key === "ArrowUp") setChosen((chosen + KINDS.length - 1) % KINDS.length);
    else if (event.key === "Enter") go(chosen);
    else if (event.key === "Escape") {
      setOpen(false);
      event.currentTarget.blur();
    } else return;
    event.preventDefault();
  };
  return (
    <search className="relative">
      <label className="flex h-8 w-80 items-center gap-2 rounded-control border border-line2 bg-s1 px-2 text-t3 focus-within:border-t3 max-lg:w-52 max-md:h-11 max-md:w-36">
        <Icon name="search" />
        <span className="sr">Search battles by system, alliance, corporation or pilot</span>
        <input
          aria-activedescendant={shown ? `quick-search-${chosen}` : undefined}
          aria-autocomplete="list"
          aria-controls="quick-search-list"
          aria-expanded={shown}
          autoComplete="off"
          className="w-full min-w-0 bg-transparent text-t1 outline-none placeholder:text-t3"
          id="quick-search"
          onBlur={() => setOpen(false)}
          onChange={(event) => {
            setText(event.target.value);
            setChosen(0);
            setOpen(true);
          }}
          onFocus={() => setOpen(true)}
          onKeyDown={onKeyDown}
          placeholder="System, alliance, pilot"
          role="combobox"
          spellCheck={false}
          value={text}
        />
        <kbd className="rounded-[4px] border border-line2 px-1.5 font-sans text-label max-md:hidden">/</kbd>
      </label>
      <div
        className={`overlay absolute inset-x-0 top-9 z-40 min-w-64 rounded-panel border border-line bg-s1 p-1 max-md:top-12 max-md:right-0 max-md:left-auto ${shown ? "" : "hidden"}`}
        id="quick-search-list"
        role="listbox"
        aria-label="Battles by name"
      >
        {KINDS.map((kind, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the focus and the keys.
          <div
            aria-selected={index === chosen}
            className={`flex min-h-8 cursor-pointer items-center rounded-[4px] px-2 max-md:min-h-11 ${index === chosen ? "bg-s3" : ""}`}
            id={`quick-search-${index}`}
            key={kind.key}
            onClick={() => go(index)}
            onMouseDown={(event) => event.preventDefault()}
            onPointerMove={() => setChosen(index)}
            role="option"
            tabIndex={-1}
          >
            <span className="truncate">
              <span className="text-t2">Battles {kind.label}</span> {name}
            </span>
          </div>
        ))}
      </div>
    </search>
  );
}
