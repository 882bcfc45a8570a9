import { useState } from "react";
import type { HullClass } from "@/api/client";
import { useImageHost } from "@/lib/images";
import { HullGlyph } from "./HullGlyph";

/** The game's picture of a ship; without the image host the glyph of its class. */
export function ShipIcon({
  typeId,
  hull,
  size = 32,
}: {
  typeId: string | null;
  hull: HullClass | null;
  size?: number;
}) {
  const host = useImageHost();
  const [failed, setFailed] = useState<string>();
  const isPicture = host && typeId && failed !== typeId;
  return (
    <span
      className="grid shrink-0 place-items-center rounded-[4px] bg-s2 text-t2"
      style={{ width: size, height: size }}
    >
      {isPicture ? (
        <img
          alt=""
          className="rounded-[4px]"
          decoding="async"
          height={size}
          loading="lazy"
          onError={() => setFailed(typeId)}
          src={`${host}/types/${typeId}/icon?size=${size > 32 ? 64 : 32}`}
          srcSet={`${host}/types/${typeId}/icon?size=64 2x`}
          width={size}
        />
      ) : (
        <HullGlyph hull={hull} size={Math.round(size * 0.62)} />
      )}
    </span>
  );
}
