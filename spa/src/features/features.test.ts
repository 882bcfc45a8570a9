import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

/** The feature that an import leads to; undefined for what all features share. */
function featureOf(file: string, specifier: string): string | undefined {
  if (specifier.startsWith("@/features/")) return specifier.split("/")[2];
  if (specifier.startsWith(".")) return join(dirname(file), specifier).split("/")[0];
  return specifier.startsWith("@/routes") ? "routes" : undefined;
}

test("a feature imports no other, so that each can be changed alone; routes put them together", () => {
  const files = readdirSync(import.meta.dirname, { recursive: true, encoding: "utf8" }).filter((file) =>
    /\/.*\.tsx?$/.test(file),
  );
  expect(files.length).toBeGreaterThan(40);
  const found = files.flatMap((file) => {
    const text = readFileSync(join(import.meta.dirname, file), "utf8");
    const specifiers = [...text.matchAll(/(?:from |import\()"([^"]+)"/g)].map((match) => match[1] ?? "");
    const others = specifiers.filter(
      (specifier) => ![undefined, file.split("/")[0]].includes(featureOf(file, specifier)),
    );
    return others.map((specifier) => `${file}: ${specifier}`);
  });
  expect(found).toEqual([]);
});
