/** What a page weighs, gzip, against its limit. Reads the manifest of the last build. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const DIST = join(import.meta.dirname, "..", "dist");
const LIMITS = { shared: 115, route: 45, css: 16, fonts: 120 } as const; // kB

type Chunk = { file: string; isEntry?: boolean; isDynamicEntry?: boolean; imports?: string[]; css?: string[] };
const manifest: Record<string, Chunk> = JSON.parse(readFileSync(join(DIST, ".vite", "manifest.json"), "utf8"));

/** A chunk and all that it imports at once. */
function closure(key: string, found = new Set<string>()): Set<string> {
  if (found.has(key)) return found;
  found.add(key);
  for (const one of manifest[key]?.imports ?? []) closure(one, found);
  return found;
}

function kilobytes(files: Iterable<string>): number {
  let bytes = 0;
  for (const file of new Set(files)) bytes += gzipSync(readFileSync(join(DIST, file)), { level: 9 }).length;
  return bytes / 1000;
}

const filesOf = (keys: Iterable<string>) =>
  [...keys].map((key) => manifest[key]?.file ?? "").filter((file) => file.endsWith(".js"));
const entry = Object.keys(manifest).find((key) => manifest[key]?.isEntry) ?? "";
const shared = closure(entry);
const rows: [string, number, number][] = [["first load", kilobytes(filesOf(shared)), LIMITS.shared]];
for (const [key, chunk] of Object.entries(manifest)) {
  if (!chunk.isDynamicEntry) continue;
  const own = [...closure(key)].filter((one) => !shared.has(one));
  rows.push([key.replace(/^src\//, ""), kilobytes(filesOf(own)), LIMITS.route]);
}
const assets = readdirSync(join(DIST, "assets"));
rows.push([
  "styles",
  kilobytes(assets.filter((file) => file.endsWith(".css")).map((file) => `assets/${file}`)),
  LIMITS.css,
]);
const latin = assets.filter((file) => file.endsWith(".woff2") && file.includes("latin-wght"));
rows.push([
  "font (latin)",
  latin.reduce((sum, file) => sum + readFileSync(join(DIST, "assets", file)).length / 1000, 0),
  LIMITS.fonts,
]);

let failed = false;
for (const [name, size, limit] of rows.sort((a, b) => b[1] - a[1])) {
  const over = size > limit;
  failed ||= over;
  console.log(`${over ? "✗" : " "} ${size.toFixed(1).padStart(6)} of ${limit} kB  ${name}`);
}
process.exit(failed ? 1 : 0);
