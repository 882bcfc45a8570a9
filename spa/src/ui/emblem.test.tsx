// @vitest-environment happy-dom
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { render } from "@testing-library/react";
import { expect, test } from "vitest";
import type { EntityType } from "@/lib/names";
import cases from "../../../docs/appearance-cases.json";
import { Generated } from "./Emblem";

const CSS = readFileSync(join(import.meta.dirname, "../app.css"), "utf8");

test.each(cases.emblems)("the emblem of $type $id is that of cards of shares", (emblem) => {
  const type = emblem.type as EntityType;
  const { container } = render(<Generated id={emblem.id} person={type === "character"} size={24} />);
  expect(container.querySelector("path")?.getAttribute("d")).toBe(emblem.path);
  expect(container.querySelector("svg")?.classList).toContain(`emblem-${emblem.colours}`);
  const rule = new RegExp(`\\.emblem-${emblem.colours} \\{\\s*--ground: (#\\w+);\\s*--figure: (#\\w+);`).exec(CSS);
  expect(rule?.slice(1)).toEqual([emblem.ground, emblem.figure]);
});
