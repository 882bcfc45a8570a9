/** What the palette offers for a text: groups of choices, each with the address that it opens. */

import type { Suggestions } from "@/api/searches";
import { type Found, KIND_LABELS } from "@/lib/found";
import { isLongEnough, readTyped } from "@/lib/searchText";
import { stringifySearch } from "@/lib/url";
import type { IconName } from "@/ui/Icon";

export type Option = { key: string; href: string } & ({ found: Found } | { label: string; icon: IconName });
export type OptionGroup = { label: string; options: readonly Option[] };

const ACTIONS = [
  { label: "Home", href: "/", icon: "home" },
  { label: "Battles", href: "/battles", icon: "battle" },
  { label: "Ongoing battles", href: "/battles?status=open", icon: "battle" },
  { label: "Most expensive battles of seven days", href: "/battles?t=7d&sort=isk_destroyed", icon: "battle" },
  { label: "Search with filters", href: "/search", icon: "search" },
] as const satisfies readonly { label: string; href: string; icon: IconName }[];

const BY_NAME = [
  { key: "system", label: "in the system" },
  { key: "alliance", label: "with the alliance" },
  { key: "corp", label: "with the corporation" },
  { key: "pilot", label: "with the pilot" },
] as const;

type State = { typed: string; suggestions: Suggestions | undefined; recent: readonly Found[]; isAway: boolean };

/** isAway: the search does not answer; the list of battles then finds names by itself. */
export function optionGroups({ typed, suggestions, recent, isAway }: State): OptionGroup[] {
  const { scope, q } = readTyped(typed);
  if (scope === "actions") return nonEmpty([actions(q)]);
  if (!isLongEnough(q)) {
    const chosen = recent.map((found) => ({ key: `recent-${found.href}`, href: found.href, found }));
    return nonEmpty([{ label: "Recent", options: chosen }, actions("")]);
  }
  const found = (suggestions?.groups ?? []).map(({ kind, items }) => ({
    label: KIND_LABELS[kind],
    options: items.map((item) => ({ key: `${kind}-${item.id}`, href: item.href, found: item })),
  }));
  return nonEmpty([...(isAway ? [byName(q)] : found), searches(q)]);
}

function actions(text: string): OptionGroup {
  const fitting = ACTIONS.filter((action) => action.label.toLowerCase().includes(text.toLowerCase()));
  return { label: "Go to", options: fitting.map((action) => ({ key: action.href, ...action })) };
}

function byName(q: string): OptionGroup {
  const options = BY_NAME.map(({ key, label }) => ({
    key: `name-${key}`,
    href: `/battles${stringifySearch({ [key]: q })}`,
    label: `Battles ${label} ${q}`,
    icon: "battle" as const,
  }));
  return { label: "Battles by a whole name", options };
}

function searches(q: string): OptionGroup {
  const href = (type?: string) => `/search${stringifySearch({ q, type })}`;
  const options = [
    { key: "all-battles", href: href(), label: `All battles for ${q}`, icon: "search" as const },
    { key: "all-killmails", href: href("killmails"), label: `All killmails for ${q}`, icon: "search" as const },
  ];
  return { label: "Search", options };
}

function nonEmpty(groups: readonly OptionGroup[]): OptionGroup[] {
  return groups.filter((group) => group.options.length > 0);
}
