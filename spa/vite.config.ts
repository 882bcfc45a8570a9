import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import tailwindcss from "@tailwindcss/vite";
import { tanstackRouter } from "@tanstack/router-plugin/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const COMPRESSIBLE = /\.(js|css|html|svg|json|txt)$/;
const API = process.env.BATTLESCOPE_URL ?? "http://127.0.0.1:3000";
// The system sees requests of its own page: it refuses changes that another origin asks for.
const SYSTEM = { target: API, changeOrigin: true, headers: { origin: API } };
const PROXY = { "/api": SYSTEM, "/auth": SYSTEM, "/s": SYSTEM, "/login": SYSTEM };

/** What every page needs. Changes and endless lists come with the first page that has them. */
const LIBRARIES =
  /node_modules\/((react|react-dom|scheduler|use-sync-external-store)\/|@tanstack\/(?!react-virtual|virtual|.*\/(mutationObserver|useMutation|infiniteQueryObserver|useInfiniteQuery)\.js))/;

/** Writes `.br` and `.gz` beside each text file, so that the server compresses nothing. */
function precompress(): Plugin {
  return {
    name: "precompress",
    apply: "build",
    async closeBundle() {
      const folder = join(import.meta.dirname, "dist");
      const names = await readdir(folder, { recursive: true });
      await Promise.all(names.filter((name) => COMPRESSIBLE.test(name)).map((name) => compress(join(folder, name))));
    },
  };
}

async function compress(path: string): Promise<void> {
  const content = await readFile(path);
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
  await Promise.all([
    promisify(brotliCompress)(content, quality).then((bytes) => writeFile(`${path}.br`, bytes)),
    promisify(gzip)(content, { level: 9 }).then((bytes) => writeFile(`${path}.gz`, bytes)),
  ]);
}

export default defineConfig({
  plugins: [
    tanstackRouter({ target: "react", autoCodeSplitting: true, quoteStyle: "double", semicolons: true }),
    react(),
    tailwindcss(),
    precompress(),
  ],
  resolve: { alias: { "@": join(import.meta.dirname, "src") } },
  build: {
    manifest: true,
    // The content security policy allows no data: address.
    assetsInlineLimit: 0,
    // The inline script of module preloading would break the policy too; the browsers that we name have it.
    modulePreload: { polyfill: false },
    target: "es2023",
    rolldownOptions: {
      checks: { pluginTimings: false },
      output: {
        // One file of what every page needs: it compresses better than several, and stays in caches when the app changes.
        codeSplitting: {
          groups: [
            {
              name: "libraries",
              test: LIBRARIES,
            },
            // What the first load shares with pages: small files compress worse, and each names the others.
            { name: "shared", test: /src\/(api\/(client|errors)|lib\/(url|ranges|space))\.ts$/ },
          ],
        },
      },
    },
  },
  server: { port: 5173, proxy: PROXY },
});
