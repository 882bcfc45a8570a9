import { useState } from "react";
import { useImageHost } from "@/lib/images";
import type { EntityType } from "@/lib/names";

/** A logo or portrait. Without the image host: a pattern that is always the same for the same id. */
export function Emblem({ type, id, size = 20 }: { type: EntityType; id: string | null; size?: number }) {
  const host = useImageHost();
  const [failed, setFailed] = useState<string>();
  if (host && id && type !== "faction" && failed !== id) {
    const folder = type === "character" ? "characters" : `${type}s`;
    const kind = type === "character" ? "portrait" : "logo";
    const url = (pixels: number) =>
      `${host}/${folder}/${id}/${kind}?size=${pixels <= 32 ? 32 : pixels <= 64 ? 64 : 128}`;
    return (
      <img
        alt=""
        className="shrink-0 rounded-[3px] bg-s2"
        decoding="async"
        height={size}
        loading="lazy"
        onError={() => setFailed(id)}
        src={url(size)}
        srcSet={`${url(size)} 1x, ${url(size * 2)} 2x`}
        width={size}
      />
    );
  }
  return <Generated id={id ?? "0"} person={type === "character"} size={size} />;
}

const FIGURES = [
  "M12 4.5l2.2 5 5.3.5-4 3.6 1.2 5.2L12 16l-4.7 2.8 1.2-5.2-4-3.6 5.3-.5z",
  "M5 7l7 4.5L19 7v4l-7 4.5L5 11zM5 13l7 4.5 7-4.5v4L12 21l-7-4z",
  "M12 5a7 7 0 1 1 0 14 7 7 0 0 1 0-14zm0 3.2a3.8 3.8 0 1 0 0 7.6 3.8 3.8 0 0 0 0-7.6z",
  "M12 4l7 16-7-4-7 4z",
  "M12 4l8 8-8 8-8-8zm0 4.5L8.5 12l3.5 3.5 3.5-3.5z",
  "M6 5h12v7c0 4-3 6.5-6 7.5C9 18.500 6 16 6 12zM12 5v14.500z",
  "M5 5h5v14H5zM14 5h5v6h-5zM14 13h5v6h-5z",
] as const;
const BUST = "M12 13a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.500 22c0-4.500 3.400-7.300 7.500-7.300s7.500 2.800 7.500 7.300z";

/** The pattern of an id; docs/appearance.md has the rule, which the cards of shares follow too. */
export function Generated({ id, person, size }: { id: string; person: boolean; size: number }) {
  const seed = hash(id);
  return (
    <svg
      aria-hidden="true"
      className={`emblem emblem-${seed % 8} shrink-0 rounded-[3px]`}
      height={size}
      viewBox="0 0 24 24"
      width={size}
    >
      <path d={person ? BUST : FIGURES[(seed >>> 3) % FIGURES.length]} fillRule="evenodd" />
    </svg>
  );
}

/** FNV-1a, so that neighbouring ids look different. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const character of text) value = Math.imul(value ^ character.charCodeAt(0), 0x01000193);
  return value >>> 0;
}
