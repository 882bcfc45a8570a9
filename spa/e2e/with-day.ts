/**
 * Runs a script or the tests on a real day: `node e2e/with-day.ts e2e/measure.ts`, `… --test 'e2e/*.e2e.ts'`
 *
 * The day comes from ../shared/data beside the project, with all upstreams simulated; without it nothing is run.
 */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ROOT, startDay } from "./support.ts";

const SHARED = join(ROOT, "..", "shared", "data");
const DAY = join(SHARED, "killmails", `everef-${process.env.DAY ?? "2021-11-28"}.jsonl.gz`);
const STATIC_DATA = join(SHARED, "sde", "eve-online-static-data-sample-jsonl.zip");

if (!existsSync(DAY)) {
  console.log(`Skipped: ${DAY} is absent; real killmails are not part of the project.`);
} else {
  const begun = Date.now();
  const system = await startDay(DAY, STATIC_DATA);
  try {
    console.log(`The day is loaded after ${Math.round((Date.now() - begun) / 1000)} s.`);
    const env = {
      ...process.env,
      BATTLESCOPE_E2E: system.url,
      BATTLESCOPE_E2E_DATA: system.data,
      BATTLESCOPE_E2E_DAY: "1",
    };
    const child = spawn(process.execPath, process.argv.slice(2), { stdio: "inherit", env });
    process.exitCode = await new Promise<number>((resolve) => child.once("exit", (code) => resolve(code ?? 1)));
  } finally {
    await system.stop();
  }
}
