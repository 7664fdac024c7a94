/** Where to complete, as people name places: `FILE:LINE:COLUMN`, as editors and compilers print it, or by options. */
import { CliError, EXIT_USAGE } from "../base/cliError.ts";

/** Options; each absent unless given. */
export interface NamedPlace {
  /** From 1. */
  readonly line?: number;
  /** From 1, in UTF-16 code units. */
  readonly column?: number;
}

export interface Place extends Required<NamedPlace> {
  readonly file: string;
}

/** @throws CliError where the place is incomplete, or named twice. */
export function placeOf(named: string, { line, column }: NamedPlace): Place {
  if (line !== undefined && column !== undefined) return { file: named, line, column };
  if (line !== undefined || column !== undefined) {
    const [given, missing] = line === undefined ? ["column", "line"] : ["line", "column"];
    throw new CliError(
      `Expected a line and a column, found --${given} alone: add --${missing}, or write FILE:LINE:COLUMN.`,
      EXIT_USAGE,
    );
  }
  const [, file, lineText, columnText] = /^(.+):(\d+):(\d+)$/s.exec(named) ?? [];
  const place = { file, line: Number(lineText), column: Number(columnText) };
  if (place.file === undefined || place.line === 0 || place.column === 0) {
    throw new CliError(
      `Expected a place such as src/main.ts:12:3, found ${named}. Lines and columns count from 1; ` +
        "--line and --column name them, too.",
      EXIT_USAGE,
    );
  }
  return { ...place, file: place.file };
}
