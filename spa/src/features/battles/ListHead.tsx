import { Link } from "@tanstack/react-router";
import type { SortBy } from "@/api/client";
import { COLUMNS } from "./BattleRow";
import { type BattleSearch, readSearch } from "./search";

const HEADS = [
  { label: "Start", sort: "start_time", className: "" },
  { label: "System", className: "" },
  { label: "Size", className: "max-xl:hidden" },
  { label: "Side 1", className: "text-right" },
  {
    label: "Losses over time",
    className: "text-center",
    title: "Side 1 upwards, all others downwards; a bar twice as high is four times as much ISK",
  },
  { label: "Side 2", className: "" },
  { label: "ISK lost by side", className: "max-lg:hidden" },
  { label: "Kills", sort: "kills", className: "text-right max-lg:hidden" },
  { label: "Pilots", sort: "participants", className: "text-right" },
  { label: "ISK lost", sort: "isk_destroyed", className: "text-right" },
] as const satisfies readonly { label: string; sort?: SortBy; className: string; title?: string }[];

/** The heads of the columns; with a search they order the list. */
export function ListHead({ search }: { search?: BattleSearch }) {
  const current = search?.sort ?? "start_time";
  return (
    <div className={`${COLUMNS} h-[30px] border-b border-line px-3 text-label text-t2 max-md:hidden`}>
      {HEADS.map((head) => (
        <span className={head.className} key={head.label} title={"title" in head ? head.title : undefined}>
          {search && "sort" in head ? (
            <Link
              aria-label={`Order by ${head.label}${current === head.sort ? `, now ${search.dir === "asc" ? "ascending" : "descending"}` : ""}`}
              className={current === head.sort ? "text-t1" : "hover:text-t1"}
              search={readSearch({
                ...search,
                sort: head.sort === "start_time" ? undefined : head.sort,
                dir: current === head.sort && search.dir !== "asc" ? "asc" : undefined,
              })}
              to="/battles"
            >
              {head.label} {current === head.sort && (search.dir === "asc" ? "↑" : "↓")}
            </Link>
          ) : (
            head.label
          )}
        </span>
      ))}
    </div>
  );
}
