/**
 * What people read of the extension, for translators: `node tooling/externalTexts.ts` writes `l10n/bundle.l10n.json` from the
 * texts that `src/ui` gives to `l10n.t`. A test holds it to them, and finds what reads like a text and is given to nobody.
 */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Node } from "@vscode/tree-sitter-wasm";
import { loadTreeSitter } from "../src/workspace/treeSitter.ts";

const REPOSITORY = fileURLToPath(new URL("..", import.meta.url));
export const BUNDLE = join(REPOSITORY, "l10n/bundle.l10n.json");

export interface SourceTexts {
  /** Given to `l10n.t`. */
  readonly external: readonly string[];
  /** What reads like a text and is not, as `line: text`. */
  readonly leftOut: readonly string[];
}

/** Two words, with an article between them or none, or one that begins like a label. */
const READS_LIKE_TEXT = /[A-Za-z]{2,}[,.:;)]* [(]?(?:a )?[A-Za-z]{2,}|^[A-Z][a-z]{3,}$/;
/** Calls and constructors whose texts nobody sees: the log's, reasons of cancellations, faults of the program itself. */
const UNSEEN = /(^|\.)#?(log|warn|warnOf|settingOrWarn|abortError|RangeError)$/;
/** The product's name, and what has no words of ours. */
const NAMES: ReadonlySet<string> = new Set(["Treeline", "Markdown", "Treeline Benchmark"]);

/** The texts of one TypeScript file. */
export async function textParser(): Promise<(source: string) => SourceTexts> {
  const treeSitter = await loadTreeSitter();
  const parser = treeSitter.newParser();
  parser.setLanguage(await treeSitter.loadLanguage("typescript"));
  return (source) => {
    const external: string[] = [];
    const leftOut: string[] = [];
    const visit = (node: Node): void => {
      if (node.type === "import_statement" || node.type === "literal_type") return;
      const callee = node.childForFieldName("function") ?? node.childForFieldName("constructor");
      if (callee !== null && /(^|\.)l10n\s*\.t$/.test(callee.text)) {
        const [first, ...values] = node.childForFieldName("arguments")?.namedChildren ?? [];
        if (first != null) external.push(...textsIn(first));
        for (const value of values) if (value !== null) visit(value);
        return;
      }
      if (callee !== null && UNSEEN.test(callee.text)) return;
      if (node.type === "string" || node.type === "template_string") {
        const text = node.text.slice(1, -1).replace(/\$\{[^}]*\}/g, "0");
        const isMarkup = text.startsWith("<!DOCTYPE");
        if (READS_LIKE_TEXT.test(text) && !NAMES.has(text) && !isMarkup) {
          leftOut.push(`${node.startPosition.row + 1}: ${text}`);
        }
      }
      for (const child of node.namedChildren) if (child !== null) visit(child);
    };
    const tree = parser.parse(source);
    if (tree === null) throw new RangeError("the parser gave no tree");
    visit(tree.rootNode);
    tree.delete();
    return { external, leftOut };
  };
}

/** What an argument may be: a literal, literals added up, or one of two. */
function textsIn(node: Node): string[] {
  switch (node.type) {
    case "string":
      return [
        JSON.parse(
          `"${node.text
            .slice(1, -1)
            .replace(/(?<!\\)"/g, '\\"')
            .replaceAll("\\'", "'")}"`,
        ),
      ];
    case "binary_expression": {
      const [left, right] = [node.childForFieldName("left"), node.childForFieldName("right")];
      if (left === null || right === null) break;
      return [textsIn(left).join("") + textsIn(right).join("")];
    }
    default:
  }
  throw new RangeError(`l10n.t takes literal texts, found ${node.text}`);
}

/** All texts of `src/ui`, sorted, and what was left out, with its file. */
export async function externalTexts(): Promise<SourceTexts> {
  const textsOf = await textParser();
  const root = join(REPOSITORY, "src/ui");
  const external = new Set<string>();
  const leftOut: string[] = [];
  for (const path of (await readdir(root, { recursive: true })).sort()) {
    if (!path.endsWith(".ts")) continue;
    const texts = textsOf(await readFile(join(root, path), "utf8"));
    for (const text of texts.external) external.add(text);
    leftOut.push(...texts.leftOut.map((text) => `${path}:${text}`));
  }
  return { external: [...external].sort(), leftOut };
}

/** As VS Code reads it: by the English text, what stands for it. */
export function bundleOf(texts: readonly string[]): string {
  return `${JSON.stringify(Object.fromEntries(texts.map((text) => [text, text])), undefined, 2)}\n`;
}

if (import.meta.main) {
  const { external } = await externalTexts();
  await writeFile(BUNDLE, bundleOf(external));
  process.stdout.write(`${external.length} texts in ${BUNDLE}\n`);
}
