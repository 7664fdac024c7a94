/** Golden cases of a completion's end; `test/golden/completionEnd/README.md` has the format. */
import { readdirSync, readFileSync } from "node:fs";
import type { CursorText } from "../../src/core/ending/cursorContext.ts";

const FOLDER = new URL("../golden/completionEnd/", import.meta.url);

/** One case: what the model writes at a cursor, and what is offered. */
export interface CompletionCase {
  readonly name: string;
  readonly cursor: CursorText;
  readonly output: string;
  readonly isUnfinished: boolean;
  readonly expected: { readonly text: string } | { readonly rejected: string };
}

/** All cases, by file name. */
export function readCompletionCases(): CompletionCase[] {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith(".txt"));
  return files.sort().map((file) => {
    const text = readFileSync(new URL(file, FOLDER), "utf8").replaceAll("\r", "");
    return parseCase(file.replace(".txt", ""), text);
  });
}

function parseCase(name: string, text: string): CompletionCase {
  const [header = "", ...sections] = text.replace(/\n$/, "").split(/\n=== /);
  const settings = new Map(header.split("\n").map((line) => line.split(": ") as [string, string]));
  const eol = settings.get("eol") === "crlf" ? "\r\n" : "\n";
  const bodies = new Map(
    sections.map((section) => {
      const [title = "", ...lines] = section.split("\n");
      return [title, lines.join(eol).replaceAll("→", "\t").replaceAll("·", " ")];
    }),
  );
  const { expected, rejected } = Object.fromEntries(bodies);
  const [prefixText, suffixText] = bodies.get("document")?.split("█") ?? [];
  const output = bodies.get("output");
  if (prefixText === undefined || suffixText === undefined || output === undefined) {
    throw new Error(`${name} lacks a document with a cursor, or an output`);
  }
  if ((expected === undefined) === (rejected === undefined)) {
    throw new Error(`${name} needs one of expected and rejected`);
  }
  const languageId = settings.get("language");
  return {
    name,
    cursor: { prefixText, suffixText, ...(languageId === "-" ? {} : { languageId }) },
    output,
    isUnfinished: settings.get("unfinished") === "yes",
    expected: expected === undefined ? { rejected: rejected! } : { text: expected },
  };
}
