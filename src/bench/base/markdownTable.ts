/** Tables that read as text, too. */

/** A cell without a figure. */
export const NONE = "–";

/** A column of a table: its title, and its cell for each item. */
export type Column<T> = readonly [title: string, cell: (item: T) => string];

/** A row for each item. */
export function columnsOf<T>(items: readonly T[], columns: readonly Column<T>[]) {
  return {
    head: columns.map(([title]) => title),
    rows: items.map((item) => columns.map(([, cell]) => cell(item))),
  };
}

export function formatColumns<T>(items: readonly T[], columns: readonly Column<T>[]): string {
  const { head, rows } = columnsOf(items, columns);
  return formatTable(head, rows);
}

/** The first column is text, the others are figures. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(3, title.length, ...rows.map((row) => (row[column] ?? "").length)),
  );
  const line = (cells: readonly string[]) => {
    const padded = widths.map((width, column) => {
      const cell = (cells[column] ?? "").replaceAll("|", "\\|");
      return column === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
    return `| ${padded.join(" | ")} |`;
  };
  const ruler = widths.map((width, column) =>
    column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`,
  );
  return [line(head), `| ${ruler.join(" | ")} |`, ...rows.map(line)].join("\n");
}
