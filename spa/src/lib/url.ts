/** The state of a page in its address: short keys, arrays repeated, defaults left out. */

export type RawSearch = Record<string, string | string[]>;

export function parseSearch(text: string): RawSearch {
  const search: RawSearch = {};
  for (const [key, value] of new URLSearchParams(text)) {
    const known = search[key];
    if (known === undefined) search[key] = value;
    else search[key] = Array.isArray(known) ? [...known, value] : [known, value];
  }
  return search;
}

export function stringifySearch(search: Record<string, unknown>): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(search)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null && one !== "") query.append(key, String(one));
    }
  }
  const text = query.toString();
  return text ? `?${text}` : "";
}

export function text(value: unknown): string | undefined {
  const one = Array.isArray(value) ? value[0] : value;
  return typeof one === "string" && one !== "" ? one : typeof one === "number" ? String(one) : undefined;
}

/** One of the choices, else nothing. */
export function choice<T extends string>(value: unknown, choices: readonly T[]): T | undefined {
  const one = text(value);
  return choices.find((known) => known === one);
}

/** Those of the choices that the value names; nothing if none. */
export function choices<T extends string>(value: unknown, known: readonly T[]): T[] | undefined {
  const named = Array.isArray(value) ? value : [value];
  const found = known.filter((one) => named.includes(one));
  return found.length ? found : undefined;
}

/** A whole number from 0 to a billion. */
export function whole(value: unknown): number | undefined {
  const one = text(value);
  return one !== undefined && /^\d{1,9}$/.test(one) ? Number(one) : undefined;
}

/** Ids of digits. */
export function ids(value: unknown): string[] | undefined {
  const found = (Array.isArray(value) ? value : [value])
    .map((one) => text(one))
    .filter((one): one is string => one !== undefined && /^\d{1,18}$/.test(one));
  return found.length ? found : undefined;
}

/** The object without its keys of undefined, as `exactOptionalPropertyTypes` wants it. */
export function defined<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
