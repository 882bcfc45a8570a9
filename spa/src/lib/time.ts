/** EVE time is UTC. Times come as ISO 8601 text. */

const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"] as const;

const JUST_NOW_S = 5;

export function instant(iso: string): number {
  return Date.parse(iso);
}

/** `2026-11-27`. */
export function day(iso: string): string {
  return new Date(iso).toISOString().slice(0, 10);
}

/** `Friday, 2026-11-27`. */
export function namedDay(date: string): string {
  return `${WEEKDAYS[new Date(`${date}T00:00:00Z`).getUTCDay()]}, ${date}`;
}

/** `18:42`. */
export function clock(iso: string | number): string {
  return new Date(iso).toISOString().slice(11, 16);
}

/** `18:42:07`. */
export function clockSeconds(iso: string | number): string {
  return new Date(iso).toISOString().slice(11, 19);
}

/** `45 s`, `24m`, `1h 23m`, `2d 4h`. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  const minutes = Math.floor(s / 60);
  if (minutes < 60) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours}h` : `${hours}h ${two(minutes % 60)}m`;
  return hours % 24 === 0 ? `${Math.floor(hours / 24)}d` : `${Math.floor(hours / 24)}d ${hours % 24}h`;
}

/** `just now`, `14 s ago`, `1m 05s ago`, `23m ago`, `3h ago`; from a day on the date. */
export function ago(iso: string, now: number): string {
  const seconds = Math.max(0, Math.round((now - instant(iso)) / 1000));
  if (seconds < JUST_NOW_S) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 600) return `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h ago`;
  return day(iso);
}

/** For a tooltip: EVE time and the time of this machine. */
export function fullTime(iso: string): string {
  return `${day(iso)} ${clockSeconds(iso)} EVE, ${new Date(iso).toLocaleString()} here`;
}

function two(value: number): string {
  return value.toString().padStart(2, "0");
}
