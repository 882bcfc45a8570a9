import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { partyGraph } from "@/api/reportQueries";
import { PartyGraph } from "@/figures/PartyGraph";
import { WhyLanes } from "@/figures/WhyLanes";
import { count, shortIsk } from "@/lib/isk";
import { nameOf, partyName } from "@/lib/names";
import { arrange } from "@/lib/sides";
import { instant } from "@/lib/time";
import { Button } from "@/ui/controls";
import { SideKey } from "@/ui/marks";
import { ScrollX } from "@/ui/ScrollX";
import { ErrorBox, SkeletonRows } from "@/ui/states";
import { Suggestions } from "../edit/Suggestions";
import { useChange, useReport } from "../model/context";
import { cutsOf } from "../model/cuts";
import { lossOf } from "../model/losses";
import { REASONS } from "../model/reasons";
import { KillPanel } from "./KillPanel";

const EDGES = 12;
const MORE_EDGES = 200;

/** Why these killmails are one battle, and which parties shot each other. */
export function WhyTab() {
  const { battle, search } = useReport();
  const change = useChange();
  const dots = useMemo(() => battle.killmails.map((mail) => ({ ...lossOf(mail), systemId: mail.systemId })), [battle]);
  const cuts = useMemo(() => cutsOf(battle), [battle]);
  const lanes = useMemo(
    () =>
      battle.systems.map((system) => ({
        id: system.systemId,
        name: nameOf(system.systemName, "System", system.systemId),
      })),
    [battle],
  );
  const mail = battle.killmails.find((one) => one.killmailId === search.mail);
  return (
    <div className="grid items-start gap-3 xl:grid-cols-[minmax(0,1fr)_340px]">
      <div className="flex min-w-0 flex-col gap-3">
        <section aria-label="Links between the losses" className="panel px-3 py-2.5">
          <h2 className="font-[600]">
            {count(battle.totalKills)} killmails are one battle{" "}
            <span className="font-[400] text-t2">
              a dot is a loss, its size the ISK, a line a reason; a click on a dot tells its reasons
            </span>
          </h2>
          <WhyLanes
            cuts={cuts}
            dots={dots}
            end={instant(battle.endTime)}
            lanes={lanes}
            links={battle.links}
            onOpen={(killmailId) => change({ mail: killmailId })}
            start={instant(battle.startTime)}
          />
        </section>
        <Parties />
      </div>
      <div className="flex flex-col gap-3">
        <Suggestions />
        <section aria-label="Reasons" className="panel py-2.5">
          <h2 className="px-3.5 pb-1 font-[600]">Reasons</h2>
          <table className="w-full text-sec">
            <caption className="sr">How many links have which reason</caption>
            <tbody>
              {[...battle.linkReasons]
                .sort((a, b) => b.count - a.count)
                .map(({ reason, count: links }) => (
                  <tr className="border-t border-hair" key={reason}>
                    <th className="px-3.5 py-2 text-left font-[400]" scope="row">
                      <span className="font-[550]">{REASONS[reason]?.label ?? reason}</span>
                      <span className="block text-t2">{REASONS[reason]?.text}</span>
                    </th>
                    <td className="px-3.5 py-2 text-right align-top">{count(links)}</td>
                  </tr>
                ))}
            </tbody>
          </table>
          {battle.linkReasons.length === 0 && <p className="px-3.5 text-t2">A single killmail needs no link.</p>}
        </section>
      </div>
      <KillPanel key={search.mail} mail={mail} onClose={() => change({ mail: undefined }, true)} />
    </div>
  );
}

/** Who shot whom, the strongest first. */
function Parties() {
  const { battle } = useReport();
  const query = useQuery(partyGraph(battle.id));
  const [all, setAll] = useState(false);
  const { nodes = [], edges = [] } = query.data ?? {};
  const { left, right } = arrange(battle.sides);
  const name = (index: number) => {
    const node = nodes[index];
    return node ? (
      <span className="flex items-center gap-2">
        <SideKey role={node.role === "third-party" ? "third_party" : "main"} sideId={node.sideId} size={16} />
        <span className="truncate max-md:wrap-anywhere max-md:whitespace-normal" dir="auto">
          {partyName(node)}
        </span>
      </span>
    ) : (
      "–"
    );
  };
  return (
    <ScrollX className="panel py-2.5" label="Allies and enemies">
      <h2 className="px-3.5 pb-1 font-[600]">
        Allies and enemies{" "}
        <span className="font-[400] text-t2">
          red: shot each other; in the colour of a side: shot together; dashed: no side of its own
        </span>
      </h2>
      {query.isSuccess && (
        <div className="px-3.5 pb-3">
          <PartyGraph edges={edges} left={left?.sideId} nodes={nodes} right={right?.sideId} />
        </div>
      )}
      {query.isPending && <SkeletonRows height={32} rows={6} />}
      {query.isError && (
        <ErrorBox error={query.error} onRetry={() => query.refetch()} what="The parties cannot be read." />
      )}
      {query.isSuccess && (
        <table className="w-full text-sec">
          <caption className="sr">
            Pairs of parties: killmails on which they shot each other, and on which they shot together
          </caption>
          <thead>
            <tr className="text-label text-t2">
              <th className="px-3.5 py-1 text-left font-[400]" scope="col">
                Party
              </th>
              <th className="px-3.5 py-1 text-left font-[400] max-md:hidden" scope="col">
                Party
              </th>
              <th className="px-3.5 py-1 text-right font-[400] max-md:px-1.5" scope="col">
                Shot each other
              </th>
              <th className="px-3.5 py-1 text-right font-[400] max-md:hidden" scope="col">
                ISK
              </th>
              <th className="px-3.5 py-1 text-right font-[400] max-md:pl-1.5" scope="col">
                Shot together
              </th>
            </tr>
          </thead>
          <tbody>
            {edges.slice(0, all ? MORE_EDGES : EDGES).map((edge) => (
              <tr className="border-t border-hair" key={`${edge.a}-${edge.b}`}>
                <td className="max-w-52 px-3.5 py-1.5 max-md:w-full max-md:pr-1.5">
                  {name(edge.a)}
                  {/* On a phone a pair is one cell, and its ISK stands below the killmails. */}
                  <span className="block pt-1 md:hidden">{name(edge.b)}</span>
                </td>
                <td className="max-w-52 px-3.5 py-1.5 max-md:hidden">{name(edge.b)}</td>
                <td
                  className={`px-3.5 py-1.5 text-right align-top max-md:px-1.5 md:align-middle ${edge.hostileKillmails ? "text-loss" : "text-t3"}`}
                >
                  {edge.hostileKillmails || "–"}
                  {edge.hostileKillmails > 0 && (
                    <span className="block text-t2 md:hidden">{shortIsk(edge.hostileIsk)}</span>
                  )}
                </td>
                <td className="px-3.5 py-1.5 text-right max-md:hidden">
                  {edge.hostileKillmails ? shortIsk(edge.hostileIsk) : "–"}
                </td>
                <td className="px-3.5 py-1.5 text-right align-top max-md:pl-1.5 md:align-middle">
                  {edge.jointKillmails || "–"}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {edges.length > EDGES && (
        <Button className="mx-3.5 mt-2" onClick={() => setAll(!all)}>
          {all ? "The strongest only" : `All ${count(edges.length)} relations`}
        </Button>
      )}
    </ScrollX>
  );
}
