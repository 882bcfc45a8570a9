import { type InfiniteData, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { BattleItem, BattleList } from "@/api/client";
import { type BattleQuery, battlePages, battlesBy } from "@/api/queries";
import { live } from "@/lib/live";

const GATHER_MS = 1500;
const MOST_IDS = 100;

/** Keeps the rows of a list current where they stand, and counts battles that are new. Nothing on the page moves. */
export function useLiveBattles(query: BattleQuery): { newer: number; showNewer: () => void } {
  const client = useQueryClient();
  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set());
  const [many, setMany] = useState(0);
  const key = JSON.stringify(query);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another list starts with its first row.
  useEffect(() => {
    setFresh(new Set());
    setMany(0);
  }, [key]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the query.
  useEffect(() => {
    const waiting = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const listKey = battlePages(query).queryKey;
    const shownIds = () => {
      const data = client.getQueryData<InfiniteData<BattleList>>(listKey);
      return new Set(data?.pages.flatMap((page) => page.items.map((item) => item.id)));
    };
    const refresh = async () => {
      timer = undefined;
      const ids = [...waiting].slice(0, MOST_IDS);
      for (const id of ids) waiting.delete(id);
      client.invalidateQueries({ queryKey: ["battles", "some"] });
      const shown = shownIds();
      const known = ids.filter((id) => shown.has(id));
      if (known.length === 0) return;
      const current = await client.fetchQuery({ ...battlesBy({ id: known, limit: MOST_IDS }), staleTime: 0 });
      client.setQueryData<InfiniteData<BattleList>>(listKey, (data) => data && replaced(data, current.items));
    };
    const stop = live.subscribe(["battles"], (event) => {
      if (event.type === "missed") setMany((count) => count + 1);
      if (event.type === "battles") setMany((count) => count + event.battleIds.length);
      if (event.type !== "battle") return;
      if (event.change === "created" && !shownIds().has(event.battleId)) {
        setFresh((ids) => new Set(ids).add(event.battleId));
      }
      waiting.add(event.battleId);
      timer ??= setTimeout(() => void refresh().catch(() => undefined), GATHER_MS);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [client, key]);

  const showNewer = () => {
    setFresh(new Set());
    setMany(0);
    scrollTo({ top: 0 });
    void client.resetQueries({ queryKey: battlePages(query).queryKey });
  };
  return { newer: fresh.size + many, showNewer };
}

/** The same rows in the same places, with what is newer. */
export function replaced(data: InfiniteData<BattleList>, current: readonly BattleItem[]): InfiniteData<BattleList> {
  const byId = new Map(current.map((item) => [item.id, item]));
  const pages = data.pages.map((page) => {
    if (!page.items.some((item) => byId.has(item.id))) return page;
    return { ...page, items: page.items.map((item) => byId.get(item.id) ?? item) };
  });
  return { ...data, pages };
}
