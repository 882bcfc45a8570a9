/** Moving by keys through the rows of a page: links that have `data-row`. */

export function moveRow(step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-row]")];
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = at === -1 ? (step === 1 ? 0 : rows.length - 1) : at + step;
  rows[next]?.focus();
  rows[next]?.scrollIntoView({ block: "nearest" });
}

/** Open the row that has the focus in a new tab. */
export function openRow(): void {
  const row = document.activeElement;
  if (row instanceof HTMLAnchorElement && row.dataset.row !== undefined) open(row.href, "_blank", "noopener");
}
