/** Small marks that stand in rows: ISK, security, sides, sizes, confidence. */

import type { BattleStatus, SecurityType, SideRole, Tier } from "@/api/client";
import { fullIsk, iskClass, shortIsk } from "@/lib/isk";

export function Isk({ value, plain, className = "" }: { value: string; plain?: boolean; className?: string }) {
  return (
    <span className={`${plain ? "" : iskClass(value)} whitespace-nowrap ${className}`} title={fullIsk(value)}>
      {shortIsk(value)}
      <span className="sr"> ISK</span>
    </span>
  );
}

type Place = { securityType: SecurityType; securityStatus: number | null; systemClass: number | null };

const ZARZAKH = "30100000";

/** Security with one decimal, as the game rounds it: what is above 0 is never shown as 0.0. */
function securityText(status: number): string {
  if (status > 0 && status < 0.05) return "0.1";
  const rounded = Math.round(status * 10 + Number.EPSILON) / 10;
  return rounded < 0 ? `−${Math.abs(rounded).toFixed(1)}` : Math.abs(rounded).toFixed(1);
}

function badge(place: Place, systemId: string | undefined): { text: string; className: string; title: string } {
  if (systemId === ZARZAKH) return { text: "ZARZ", className: "sec-0", title: "Zarzakh" };
  if (place.securityType === "pochven") return { text: "POCH", className: "sec-pochven", title: "Pochven" };
  if (place.securityType === "wormhole") {
    const known = place.systemClass;
    if (known === null) return { text: "WH", className: "sec-wormhole", title: "Wormhole" };
    const text = known === 12 ? "THERA" : known >= 14 && known <= 18 ? "DRIFT" : `C${known}`;
    return { text, className: "sec-wormhole", title: `Wormhole, ${text}` };
  }
  if (place.securityStatus === null) return { text: "?", className: "bg-s3 text-t2", title: "Security unknown" };
  const text = securityText(place.securityStatus);
  const step = Math.max(0, Math.round(Number(text.replace("−", "-")) * 10));
  return { text, className: `sec-${step}`, title: `Security ${text}` };
}

export function SecBadge({ place, systemId }: { place: Place; systemId?: string }) {
  const { text, className, title } = badge(place, systemId);
  return (
    <span
      aria-label={title}
      className={`${className} inline-grid h-[18px] min-w-8 shrink-0 place-items-center rounded-[4px] px-1 text-label font-[650]`}
      role="img"
      title={title}
    >
      {text}
    </span>
  );
}

/** The class that sets the colours of a side; sides 7 to 9 repeat 1 to 3. */
export function sideClass(sideId: number | null): string {
  return sideId === null ? "side-0" : `side-${((sideId - 1) % 6) + 1}`;
}

export function isHatched(sideId: number | null, role: SideRole | undefined): boolean {
  return (role !== undefined && role !== "main") || (sideId !== null && sideId > 6);
}

/** The numeral of a side: square, round for a third party, dashed for unassigned. */
export function SideKey({
  sideId,
  role,
  size = 20,
}: {
  sideId: number | null;
  role?: SideRole | undefined;
  size?: number;
}) {
  const label =
    sideId === null ? "unassigned" : role && role !== "main" ? `third party, side ${sideId}` : `side ${sideId}`;
  const shape =
    sideId === null
      ? "border border-dashed border-t3 text-t3"
      : `${isHatched(sideId, role) ? "side-hatch" : "side-fill"} on-side ${role && role !== "main" ? "rounded-full" : ""}`;
  return (
    <span
      className={`${sideClass(sideId)} ${shape} inline-grid shrink-0 place-items-center rounded-[4px] text-label font-[650]`}
      style={{ width: size, height: size }}
      title={label}
    >
      <span className="sr">{label}</span>
      <span
        aria-hidden="true"
        className={role && role !== "main" ? "side-fill grid size-[72%] place-items-center rounded-full" : ""}
      >
        {sideId ?? "?"}
      </span>
    </span>
  );
}

const TIERS: Record<Tier, { label: string; bars: number }> = {
  single: { label: "Single", bars: 1 },
  small: { label: "Small", bars: 1 },
  skirmish: { label: "Skirmish", bars: 2 },
  battle: { label: "Battle", bars: 3 },
  major: { label: "Major", bars: 4 },
};

export function tierLabel(tier: Tier): string {
  return TIERS[tier].label;
}

function barsPath(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, index) => `M${(from + index) * 6} 0h4v10h-4z`).join("");
}

export function TierMeter({ tier }: { tier: Tier }) {
  const { label, bars } = TIERS[tier];
  return (
    <span
      className={`inline-flex items-center gap-1.5 text-label font-[550] ${tier === "major" ? "text-gold" : "text-t2"}`}
    >
      <svg aria-hidden="true" height="10" viewBox="0 0 22 10" width="22">
        <path className="text-s3" d={barsPath(bars, 4)} fill="currentColor" />
        <path d={barsPath(0, bars)} fill="currentColor" />
      </svg>
      {label}
    </span>
  );
}

export function StatusTag({ status }: { status: BattleStatus }) {
  if (status === "open") {
    return (
      <span
        className="inline-flex items-center gap-1.5 rounded-[4px] border border-line2 px-1.5 text-label font-[550] text-kill"
        title="Losses may still come. A battle ends when no killmail joined it for the time that its rules ask, by the time of the killmails."
      >
        <span aria-hidden="true" className="size-1.5 rounded-full bg-kill" />
        Ongoing
      </span>
    );
  }
  return (
    <span
      className="rounded-[4px] border border-line2 px-1.5 text-label font-[550] text-t2"
      title="No killmail joined this battle for as long as its rules ask. A late one still changes it."
    >
      Ended
    </span>
  );
}

export function LostTag() {
  return <span className="rounded-[3px] border border-loss px-1 text-[9px]/[13px] font-[650] text-loss">LOST</span>;
}

/** How sure a side is, from 0 to 1: a pip is 20 %, below 60 % they are amber. */
export function ConfidencePips({ confidence, evidence }: { confidence: number; evidence: number }) {
  const full = Math.round(confidence * 5);
  const sentence = `${Math.round(confidence * 100)} % sure, evidence ${evidence.toFixed(1)}`;
  return (
    <span className="inline-flex gap-[2px]" role="img" title={sentence} aria-label={sentence}>
      {[0, 1, 2, 3, 4].map((pip) => (
        <span
          className={`h-2.5 w-[3px] rounded-[1px] ${pip >= full ? "bg-s3" : confidence < 0.6 ? "bg-warn" : "bg-t2"}`}
          key={pip}
        />
      ))}
    </span>
  );
}
