import { useEffect } from "react";
import { FoundRow } from "@/ui/FoundRow";
import { Icon } from "@/ui/Icon";
import type { Option, OptionGroup } from "./options";

type Props = {
  id: string;
  groups: readonly OptionGroup[];
  current: Option | undefined;
  /** The choices are those of an earlier text. */
  isOld: boolean;
  onChoose: (option: Option, inNewTab: boolean) => void;
  onPoint: (option: Option) => void;
};

export function optionId(option: Option): string {
  return `palette-${option.key}`;
}

/** The choices in their groups. The field keeps the focus and names the current one. */
export function PaletteOptions({ id, groups, current, isOld, onChoose, onPoint }: Props) {
  const currentId = current && optionId(current);
  useEffect(() => {
    if (currentId) document.getElementById(currentId)?.scrollIntoView({ block: "nearest" });
  }, [currentId]);
  return (
    <div aria-label="Choices" aria-busy={isOld} hidden={groups.length === 0} id={id} role="listbox">
      {groups.map((group) => (
        <div aria-label={group.label} key={group.label} role="group">
          <div aria-hidden="true" className="px-3 pt-2 pb-1 text-label text-t3">
            {group.label}
          </div>
          {group.options.map((option) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the focus and the keys.
            <div
              aria-selected={option === current}
              className={`flex min-h-10 cursor-pointer items-center gap-2.5 rounded-[4px] px-2 max-md:min-h-12 ${option === current ? "bg-s3" : ""}`}
              id={optionId(option)}
              key={option.key}
              onClick={(event) => onChoose(option, event.ctrlKey || event.metaKey)}
              onMouseDown={(event) => event.preventDefault()}
              onPointerMove={() => option !== current && onPoint(option)}
              role="option"
              tabIndex={-1}
            >
              {"found" in option ? (
                <FoundRow found={option.found} />
              ) : (
                <Command icon={option.icon} label={option.label} />
              )}
            </div>
          ))}
        </div>
      ))}
    </div>
  );
}

function Command({ icon, label }: { icon: Parameters<typeof Icon>[0]["name"]; label: string }) {
  return (
    <>
      <span className="grid w-12 shrink-0 place-items-center text-t3">
        <Icon name={icon} />
      </span>
      <span className="truncate" dir="auto">
        {label}
      </span>
    </>
  );
}
