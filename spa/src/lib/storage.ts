/** Preferences of this browser. A browser that keeps nothing (private mode) loses them with the page. */

export function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // A full or forbidden storage changes nothing on the page.
  }
}
