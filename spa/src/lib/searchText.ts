/** What is typed into a search box, as the server reads it. */

/** Han, Hiragana, Katakana and Hangul: one sign is a syllable or a word. */
const WORD_SIGN = /[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]/;

export const MOST_TYPED = 100;

/** Without spaces around it, and none that the server takes for a control character. */
export function tidy(typed: string): string {
  return typed.replace(/\s+/g, " ").trim().slice(0, MOST_TYPED);
}

/** Whether a search makes sense: two characters, or one that is a syllable or a word. */
export function isLongEnough(typed: string): boolean {
  const text = tidy(typed);
  return [...text].length > 1 || WORD_SIGN.test(text);
}

export type Scope = "everything" | "pilots" | "systems" | "actions";

const SCOPES: Record<string, Scope> = { ">": "actions", "@": "pilots", "#": "systems" };

/** `>` asks for actions alone, `@` for pilots, `#` for systems; `#137202920` is the number of a killmail. */
export function readTyped(typed: string): { scope: Scope; q: string } {
  const text = tidy(typed);
  const scope = SCOPES[text[0] ?? ""];
  if (scope === undefined || /^#\s?\d+$/.test(text)) return { scope: "everything", q: text };
  return { scope, q: tidy(text.slice(1)) };
}
