// Figures out of a table of the page: what is drawn is what is shown.

export interface Field {
  key: string;
  title: string;
  index: number;
  numeric: boolean;
  lower: boolean;  // lower is better
}

export interface Entry {
  name: string;
  href: string;
  cells: HTMLTableCellElement[];
}

export interface TableData {
  fields: Field[];
  entries: Entry[];
}

export function readTable(id: string): TableData | undefined {
  const table = document.getElementById(id);
  if (!(table instanceof HTMLTableElement)) return undefined;
  const headers = [...(table.tHead?.rows[0]?.cells ?? [])];
  const fields = headers.map((header, index) => ({
    key: header.dataset.key ?? "",
    title: header.textContent?.trim() ?? "",
    index,
    numeric: header.classList.contains("n"),
    lower: header.dataset.lower !== undefined,
  }));
  const entries = [...(table.tBodies[0]?.rows ?? [])].map((row) => {
    const named = row.querySelector<HTMLElement>("th");
    const link = named?.querySelector("a");
    return { name: (link ?? named)?.textContent?.trim() ?? "", href: link?.getAttribute("href") ?? "",
             cells: [...row.cells] };
  });
  return { fields, entries };
}

export function numberOf(entry: Entry, field: Field | undefined): number | undefined {
  const value = field === undefined ? undefined : entry.cells[field.index]?.dataset.v;
  return value === undefined ? undefined : Number(value);
}
