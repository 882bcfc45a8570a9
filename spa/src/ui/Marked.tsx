import type { Highlight } from "@/api/client";
import { textParts } from "@/lib/highlights";

/** A name with the characters that were searched for. */
export function Marked({ text, marks }: { text: string; marks: readonly Highlight[] }) {
  if (marks.length === 0) return text;
  return textParts(text, marks).map((part, index) =>
    part.isMarked ? (
      <mark className="bg-transparent font-[700] text-t1 underline decoration-t3 underline-offset-2" key={index}>
        {part.text}
      </mark>
    ) : (
      part.text
    ),
  );
}
