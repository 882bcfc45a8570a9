import { Icon } from "@/ui/Icon";

/** Looks like the field that it opens. */
export function SearchButton({ onClick }: { onClick: () => void }) {
  return (
    <button
      aria-haspopup="dialog"
      aria-keyshortcuts="/ Control+K Meta+K"
      className="flex h-8 w-80 items-center gap-2 rounded-control border border-line2 bg-s1 px-2 text-t3 hover:border-t3 max-lg:w-52 max-md:h-11 max-md:w-36"
      onClick={onClick}
      type="button"
    >
      <Icon name="search" />
      <span className="sr">Search: </span>
      <span className="truncate">Pilot, alliance, system, ship or battle</span>
      <kbd className="ml-auto rounded-[4px] border border-line2 px-1.5 font-sans text-label max-md:hidden">/</kbd>
    </button>
  );
}
