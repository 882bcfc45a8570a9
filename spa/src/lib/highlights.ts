import type { Highlight } from "@/api/client";

export type TextPart = { text: string; isMarked: boolean };

/** The text in parts, those that match marked. Highlights count code points, as the server does. */
export function textParts(text: string, highlights: readonly Highlight[]): TextPart[] {
  const signs = [...text];
  const parts: TextPart[] = [];
  const add = (from: number, to: number, isMarked: boolean) => {
    if (to > from) parts.push({ text: signs.slice(from, to).join(""), isMarked });
  };
  let at = 0;
  for (const { start, end } of [...highlights].sort((a, b) => a.start - b.start)) {
    const from = Math.max(at, start);
    add(at, from, false);
    add(from, end, true);
    at = Math.max(at, end);
  }
  add(at, signs.length, false);
  return parts;
}
