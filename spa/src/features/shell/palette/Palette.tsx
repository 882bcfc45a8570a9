import { useRouter } from "@tanstack/react-router";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { isInside, keepFoundName } from "@/lib/found";
import { MOST_TYPED } from "@/lib/searchText";
import { Icon } from "@/ui/Icon";
import { type Option, optionGroups } from "./options";
import { optionId, PaletteOptions } from "./PaletteOptions";
import { PaletteState } from "./PaletteState";
import { keepChoice, recentlyChosen } from "./recent";
import { useSuggestions } from "./useSuggestions";

const LIST = "palette-list";

/** The search of every page: completes names, systems, ships, battles and killmails, and opens what is chosen. */
export default function Palette({ onClose }: { onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const router = useRouter();
  const [typed, setTyped] = useState("");
  const [chosen, setChosen] = useState(0);
  const [recent] = useState(recentlyChosen);
  const completion = useSuggestions(typed);
  const { suggestions, failure, isPending } = completion;
  const groups = optionGroups({ typed, suggestions, recent, isAway: failure?.isAway === true });
  const options = groups.flatMap((group) => group.options);
  const current = options[Math.min(chosen, options.length - 1)];

  useEffect(() => {
    if (dialog.current && !dialog.current.open) dialog.current.showModal();
  }, []);

  const open = (option: Option, inNewTab: boolean) => {
    keep(option);
    if (inNewTab || !isInside(option.href)) {
      window.open(option.href, "_blank", "noopener");
      return;
    }
    dialog.current?.close();
    void router.navigate({ href: option.href }).then(focusHeading);
  };
  const enter = useEnter({ typed, isPending, isFailed: failure !== undefined, current, open });
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    // Enter ends the composition of a Chinese, Japanese or Korean sign.
    if (event.nativeEvent.isComposing) return;
    const last = options.length - 1;
    if (event.key === "ArrowDown") setChosen(chosen >= last ? 0 : chosen + 1);
    else if (event.key === "ArrowUp") setChosen(chosen <= 0 ? last : Math.min(chosen, last) - 1);
    else if (event.key === "Enter") enter(event.ctrlKey || event.metaKey);
    else return;
    event.preventDefault();
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Esc closes a dialog by itself; the click is one on the backdrop.
    <dialog
      aria-label="Search"
      className="overlay m-auto mt-[10dvh] max-h-[min(560px,80dvh)] w-160 max-w-full rounded-panel border border-line bg-s1 p-0 text-t1 max-md:m-0 max-md:h-dvh max-md:max-h-dvh max-md:w-full max-md:rounded-none max-md:border-0"
      onClick={(event) => event.target === event.currentTarget && event.currentTarget.close()}
      onClose={onClose}
      ref={dialog}
    >
      <div className="flex max-h-[inherit] flex-col">
        <div className="flex h-12 shrink-0 items-center gap-2 border-b border-line pr-2 pl-4 text-t3">
          <Icon name="search" size={18} />
          <input
            aria-activedescendant={current && optionId(current)}
            aria-autocomplete="list"
            aria-controls={LIST}
            aria-expanded={options.length > 0}
            aria-label="Pilot, corporation, alliance, system, ship, battle or killmail"
            autoComplete="off"
            className="h-full w-full min-w-0 bg-transparent text-col text-t1 outline-none placeholder:text-t3"
            maxLength={MOST_TYPED}
            onChange={(event) => {
              setTyped(event.target.value);
              setChosen(0);
            }}
            onKeyDown={onKeyDown}
            placeholder="Pilot, alliance, system, ship, battle, link"
            role="combobox"
            spellCheck={false}
            value={typed}
          />
          <button
            aria-label="Close"
            className="grid size-8 shrink-0 place-items-center rounded-control hover:bg-s2 hover:text-t1 max-md:size-11"
            onClick={() => dialog.current?.close()}
            type="button"
          >
            <Icon name="close" />
          </button>
        </div>
        <div className="min-h-0 flex-1 overflow-y-auto p-1">
          <PaletteState completion={completion} typed={typed} />
          <PaletteOptions
            current={current}
            groups={groups}
            id={LIST}
            isOld={isPending}
            onChoose={open}
            onPoint={(option) => setChosen(options.indexOf(option))}
          />
        </div>
        <Keys />
      </div>
    </dialog>
  );
}

type Enter = {
  typed: string;
  isPending: boolean;
  isFailed: boolean;
  current: Option | undefined;
  open: (option: Option, inNewTab: boolean) => void;
};

/** Opens the current choice; while the answer is on its way, what is first once it is there. */
function useEnter({ typed, isPending, isFailed, current, open }: Enter): (inNewTab: boolean) => void {
  const [waiting, setWaiting] = useState<{ typed: string; inNewTab: boolean }>();
  useEffect(() => {
    if (!waiting || isPending) return;
    setWaiting(undefined);
    if (current && waiting.typed === typed && !isFailed) open(current, waiting.inNewTab);
  });
  return (inNewTab) => {
    if (isPending) setWaiting({ typed, inNewTab });
    else if (current) open(current, inNewTab);
  };
}

function keep(option: Option): void {
  if (!("found" in option)) return;
  keepFoundName(option.found);
  keepChoice(option.found);
}

/** The dialog has given the focus back to where it was opened; what was chosen begins at its heading. */
function focusHeading(): void {
  document.querySelector<HTMLElement>("main h1")?.focus({ preventScroll: true });
}

const KEYS = [
  ["↑ ↓", "choose"],
  ["Enter", "open"],
  ["Ctrl Enter", "new tab"],
  ["@", "pilots"],
  ["#", "systems"],
  [">", "pages"],
] as const;

function Keys() {
  return (
    <p className="flex h-8 shrink-0 items-center gap-4 border-t border-line px-4 text-label text-t3 max-md:hidden">
      {KEYS.map(([key, does]) => (
        <span key={key}>
          <kbd className="font-sans text-t2">{key}</kbd> {does}
        </span>
      ))}
    </p>
  );
}
