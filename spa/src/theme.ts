import { read, write } from "@/lib/storage";

export const THEMES = ["dark", "light", "system"] as const;
export type Theme = (typeof THEMES)[number];

const KEY = "bs.theme";

/** What the person chose; `public/theme.js` applies it before the first paint. */
export function chosenTheme(): Theme {
  const stored = read(KEY);
  return THEMES.find((theme) => theme === stored) ?? "dark";
}

export function chooseTheme(theme: Theme): void {
  write(KEY, theme);
  applyTheme();
}

function applyTheme(): void {
  const theme = chosenTheme();
  const light = theme === "light" || (theme === "system" && matchMedia("(prefers-color-scheme: light)").matches);
  document.documentElement.dataset.theme = light ? "light" : "dark";
}

/** Follow the system while that is chosen, and the choice of another tab. */
export function followTheme(): void {
  matchMedia("(prefers-color-scheme: light)").addEventListener("change", applyTheme);
  addEventListener("storage", applyTheme);
}
