/** Figures as a real table: what a screen reader reads in place of a chart. */
import { NONE } from "../../bench/base/markdownTable.ts";
import { element } from "./element.ts";

export interface DataTable {
  readonly caption: string;
  /** [columns]; the first one names the rows. */
  readonly head: readonly string[];
  /** [rows][columns] */
  readonly rows: readonly (readonly string[])[];
  /** Columns of words, not figures, besides the first. */
  readonly wordColumns?: ReadonlySet<number>;
  /** Rows shown as such: losses, defects. */
  readonly lossRows?: ReadonlySet<number>;
}

/** A sentence for each row: `Cost of a pass. Rows 2: Time (ms) 27.9, t(n) / t(1) 1.36×.` */
export function tableInWords({ caption, head, rows }: DataTable): string {
  const sentences = rows.map(([name, ...cells]) => {
    const figures = cells.flatMap((cell, index) =>
      cell === "" || cell === NONE ? [] : [`${head[index + 1]} ${cell}`],
    );
    return `${head[0]} ${name}: ${figures.join(", ")}.`;
  });
  return [`${caption}.`, ...sentences].join(" ");
}

export function tableElement(table: DataTable): HTMLTableElement {
  const { caption, head, rows, wordColumns, lossRows } = table;
  const isWords = (column: number) => column === 0 || wordColumns?.has(column) === true;
  const headCells = head.map((text, column) =>
    element("th", { scope: "col", class: isWords(column) ? "words" : null }, text),
  );
  const bodyRows = rows.map(([name = "", ...cells], index) =>
    element(
      "tr",
      { class: lossRows?.has(index) ? "lost" : null },
      element("th", { scope: "row", class: "name" }, name),
      ...cells.map((text, index) =>
        element("td", { class: isWords(index + 1) ? "words" : null }, text),
      ),
    ),
  );
  return element(
    "table",
    {},
    element("caption", {}, caption),
    element("thead", {}, element("tr", {}, ...headCells)),
    element("tbody", {}, ...bodyRows),
  );
}
