import { useState } from "react";
import { Icon } from "./Icon";

/** Filters what is shown by a text, with every letter. */
export function SearchField({ value, onChange }: { value: string; onChange: (text: string) => void }) {
  const [text, setText] = useState(value);
  return (
    <label className="flex h-7 w-44 shrink-0 items-center gap-2 rounded-chip border border-line2 px-2.5 text-t3 focus-within:border-t3 max-md:h-11">
      <Icon name="search" size={14} />
      <span className="sr">Pilot, ship or party</span>
      <input
        className="w-full min-w-0 bg-transparent text-sec text-t1 outline-none placeholder:text-t3"
        onChange={(event) => {
          setText(event.target.value);
          onChange(event.target.value.trim());
        }}
        placeholder="Pilot, ship, party"
        type="search"
        value={text}
      />
    </label>
  );
}
