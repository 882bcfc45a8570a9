/** Everything that must hold of the web app without a browser, at the same time. */

import { spawn } from "node:child_process";
import { join } from "node:path";

const BIN = join(import.meta.dirname, "..", "node_modules", ".bin");
const CHECKS: readonly [string, string, string[]][] = [
  ["types", join(BIN, "tsc"), ["--noEmit"]],
  ["lint", join(BIN, "biome"), ["check", "--error-on-warnings", "."]],
  ["unused", join(BIN, "knip"), []],
  ["tests", join(BIN, "vitest"), ["run"]],
  ["sizes", process.execPath, [join(import.meta.dirname, "sizes.ts")]],
];

async function run(command: string, args: string[]): Promise<{ code: number; output: string }> {
  const child = spawn(command, args, { cwd: join(import.meta.dirname, "..") });
  let output = "";
  child.stdout.on("data", (part) => (output += part));
  child.stderr.on("data", (part) => (output += part));
  return new Promise((resolve) => child.on("close", (code) => resolve({ code: code ?? 1, output })));
}

let failed = false;
await Promise.all(
  CHECKS.map(async ([name, command, args]) => {
    const begun = performance.now();
    const { code, output } = await run(command, args);
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    console.log(`${code === 0 ? "ok" : "FAILED"}  ${name}  ${seconds} s`);
    if (code !== 0) console.log(output);
    failed ||= code !== 0;
  }),
);
process.exit(failed ? 1 : 0);
