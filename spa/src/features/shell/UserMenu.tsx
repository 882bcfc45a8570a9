import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "@/api/client";
import { sentenceOf } from "@/api/errors";
import { useAccess } from "@/lib/access";
import { toast } from "@/lib/toasts";
import { chooseTheme, chosenTheme, THEMES, type Theme } from "@/theme";
import { Emblem } from "@/ui/Emblem";
import { Icon } from "@/ui/Icon";
import { Menu } from "@/ui/Menu";
import type { MenuEntry } from "@/ui/menuEntry";

const THEME_LABELS: Record<Theme, string> = { dark: "Dark", light: "Light", system: "As the system" };

export function UserMenu() {
  const access = useAccess();
  const client = useQueryClient();
  const [theme, setTheme] = useState(chosenTheme);
  const character = access?.account?.primaryCharacter;
  const name = character?.eveCharacterName ?? access?.account?.displayName;
  const logOut = () =>
    request("POST /auth/logout", {}).then(
      () => client.resetQueries(),
      (error: unknown) => toast(sentenceOf(error), { tone: "error" }),
    );
  const entries = (): MenuEntry[] => [
    ...(name ? [{ key: "name", content: name, heading: true as const }] : []),
    ...(access?.mode === "off" && !access.canWrite
      ? [
          {
            key: "off",
            content: (
              <>
                Reading only. The command <code>battlescope login</code> prints a link for changes.
              </>
            ),
            heading: true as const,
          },
        ]
      : []),
    { key: "theme", content: "Theme", heading: true },
    ...THEMES.map((one) => ({
      key: one,
      content: (
        <>
          <span className="w-4">{theme === one && <Icon name="check" size={14} />}</span>
          {THEME_LABELS[one]}
        </>
      ),
      onSelect: () => {
        chooseTheme(one);
        setTheme(one);
      },
    })),
    { key: "api", content: "HTTP API", href: "/api/docs" },
    ...(access?.account ? [{ key: "out", content: "Log out", onSelect: () => void logOut() }] : []),
  ];
  const button = (
    <button
      aria-label={name ? `Menu of ${name}` : "Menu"}
      className="grid size-7 shrink-0 place-items-center rounded-[4px] bg-s3 text-t2 hover:text-t1 max-md:size-11"
      type="button"
    >
      {character ? <Emblem id={character.eveCharacterId} size={28} type="character" /> : <Icon name="user" />}
    </button>
  );
  return <Menu button={button} entries={entries} label="Menu" />;
}
