import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import type { BattleBattleDetail, BattleKillmailItem, BattleKillmails, Entities } from "@/api/client";
import { killmailPages } from "@/api/reportQueries";

/** The battle with all its killmails: the detail of a very large one has the first 2,000, the others come in pages. */
export function useWholeBattle(battle: BattleBattleDetail): BattleBattleDetail {
  const known = battle.killmails.length;
  const list = useInfiniteQuery({
    ...killmailPages(battle.id, known, battle.revision),
    enabled: known < battle.totalKills,
  });
  const { data, hasNextPage, isFetching, isError, fetchNextPage } = list;
  useEffect(() => {
    if (data && hasNextPage && !isFetching && !isError) void fetchNextPage();
  }, [data, hasNextPage, isFetching, isError, fetchNextPage]);
  return useMemo(() => withKillmails(battle, data?.pages ?? []), [battle, data]);
}

/** Each answer has entities of its own, which its killmails name by index. */
export function withKillmails(battle: BattleBattleDetail, pages: readonly BattleKillmails[]): BattleBattleDetail {
  if (pages.length === 0) return battle;
  const known = new Set(battle.killmails.map((mail) => mail.killmailId));
  const entities: Entities = {
    alliances: [...battle.entities.alliances],
    corporations: [...battle.entities.corporations],
    characters: [...battle.entities.characters],
  };
  const place = {
    alliances: placesOf(entities.alliances),
    corporations: placesOf(entities.corporations),
    characters: placesOf(entities.characters),
  };
  const killmails = [...battle.killmails];
  for (const page of pages) {
    const indexes = {
      alliances: page.entities.alliances.map(place.alliances),
      corporations: page.entities.corporations.map(place.corporations),
      characters: page.entities.characters.map(place.characters),
    };
    for (const mail of page.items) {
      if (known.has(mail.killmailId)) continue;
      known.add(mail.killmailId);
      killmails.push(renumbered(mail, indexes));
    }
  }
  return { ...battle, entities, killmails };
}

type Indexes = { alliances: number[]; corporations: number[]; characters: number[] };

function renumbered(mail: BattleKillmailItem, indexes: Indexes): BattleKillmailItem {
  const { finalBlow } = mail;
  const at = (numbers: readonly number[], index: number | null) => (index === null ? null : (numbers[index] ?? null));
  const all = (numbers: readonly number[], from: readonly number[]) =>
    from.flatMap((index) => (numbers[index] === undefined ? [] : [numbers[index]]));
  return {
    ...mail,
    attackerAlliances: all(indexes.alliances, mail.attackerAlliances),
    attackerCorps: all(indexes.corporations, mail.attackerCorps),
    attackerCharacters: all(indexes.characters, mail.attackerCharacters),
    finalBlow: finalBlow && {
      ...finalBlow,
      alliance: at(indexes.alliances, finalBlow.alliance),
      corp: at(indexes.corporations, finalBlow.corp),
      character: at(indexes.characters, finalBlow.character),
    },
  };
}

/** Where an entity stands in the list; one that is new is put at its end. */
function placesOf<T extends { id: string }>(list: T[]): (entity: T) => number {
  const places = new Map(list.map((entity, index) => [entity.id, index]));
  return (entity) => {
    const index = places.get(entity.id) ?? list.push(entity) - 1;
    places.set(entity.id, index);
    return index;
  };
}
