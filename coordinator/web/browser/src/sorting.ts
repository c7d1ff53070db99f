// Sorts tables where they are. A header is a link that asks the server for the same order (table.h): here its click
// is answered without going there, and the address changes as if it had been.

// What is known of a cell: a number, a text, or nothing.
export type Key = number | string | undefined;

export function keyOf(cell: HTMLElement, numeric: boolean): Key {
  if (cell.dataset.v !== undefined) return Number(cell.dataset.v);
  if (numeric || cell.querySelector(":scope > .none")) return undefined;
  return cell.firstChild?.textContent?.trim() ?? "";
}

// Below 0 if `a` comes first. What is not known comes last either way.
export function compareKeys(a: Key, b: Key, descending: boolean): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  const order = typeof a === "number" && typeof b === "number" ? a - b : a < b ? -1 : a > b ? 1 : 0;
  return descending ? -order : order;
}

function sortBy(table: HTMLTableElement, header: HTMLTableCellElement, descending: boolean): void {
  const body = table.tBodies[0];
  if (!body) return;
  const numeric = header.classList.contains("n");
  const keyed = [...body.rows].map((row) => {
    const cell = row.cells[header.cellIndex];
    return { row, key: cell ? keyOf(cell, numeric) : undefined };
  });
  keyed.sort((a, b) => compareKeys(a.key, b.key, descending));
  body.append(...keyed.map((entry) => entry.row));
  for (const other of header.parentElement?.children ?? []) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", descending ? "descending" : "ascending");
}

// The link asks for the order that a click gives next: afterwards it is turned round.
function turnRound(link: HTMLAnchorElement, table: string, key: string, descending: boolean): void {
  const url = new URL(link.href);
  url.searchParams.set("sort", `${table}:${descending ? "" : "-"}${key}`);
  link.href = url.href;
}

export function makeSortable(): void {
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const link = (event.target as Element).closest<HTMLAnchorElement>("table[data-sortable] thead a");
    const header = link?.closest("th");
    const table = link?.closest("table");
    if (!link || !header || !table) return;
    event.preventDefault();
    const key = header.dataset.key ?? "";
    const url = new URL(link.href);
    const descending = (url.searchParams.get("sort") ?? "").startsWith(`${table.id}:-`);
    url.hash = "";
    history.replaceState(null, "", url);
    sortBy(table, header, descending);
    turnRound(link, table.id, key, descending);
  });
}
