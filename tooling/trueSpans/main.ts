/**
 * Hides spans of real files, offers the true text and what a model might go on with, and counts how often exactly the span comes
 * back; then has tree-sitter grammars that the product does not use tell whether anything broke.
 * Usage: node tooling/trueSpans/main.ts [language] (npm run true-spans)
 */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { CompletionStopRule } from "../../src/core/ending/stopRules.ts";
import { trimCompletion } from "../../src/core/ending/trimCompletion.ts";
import { UNSEEN_SOURCES_FOLDER } from "../../test/support/realModels.ts";
import { run } from "../sourcePackage.ts";
import { type HiddenSpan, hiddenSpans } from "./hiddenSpans.ts";
import { languageFiles } from "./languageSources.ts";

const FOLDER = join(dirname(UNSEEN_SOURCES_FOLDER), "treeline-test-languages");
/** The last version whose wheels hold the grammars. */
const GRAMMARS = "tree-sitter-language-pack==0.9.1";
const MIN_SHARE = 0.97;
const MAX_ASIDE = 0.2;

interface Offer {
  readonly span: HiddenSpan;
  readonly ending: string;
  readonly text: string;
}

/** What is offered, decoded in pieces as tokens are. */
function offered({ file, prefixText, suffixText }: HiddenSpan, output: string): string {
  const cursor = { prefixText, suffixText, languageId: file.languageId };
  const pieces = output.match(/\w{1,4}|\s+|[^\w\s]/gu) ?? [];
  const rule = new CompletionStopRule(cursor, (token) => pieces[token]!);
  pieces.some((_, token) => rule.push(token));
  const trimmed = trimCompletion(rule.rawText, cursor);
  return "text" in trimmed ? trimmed.text : "";
}

/** One line per kind of break that the grammars see. */
function breaksOf(offers: readonly Offer[]): string {
  const python = join(FOLDER, "venv", "bin", "python");
  if (!existsSync(python)) {
    run("python3", ["-m", "venv", join(FOLDER, "venv")], FOLDER);
    run(python, ["-m", "pip", "install", "-q", GRAMMARS], FOLDER);
  }
  const lines = offers.map(({ span, ending, text }) =>
    JSON.stringify({
      place: `${span.file.languageId} ${span.file.name}:${span.line} ${span.kind}+${ending}`,
      grammar: span.file.grammar,
      ...{ prefix: span.prefixText, hidden: span.hiddenText, suffix: span.suffixText },
      offered: text,
    }),
  );
  return run(python, [join(import.meta.dirname, "breaks.py")], FOLDER, lines.join("\n"));
}

const only = process.argv[2];
const spans = languageFiles(FOLDER)
  .filter(({ languageId }) => only === undefined || languageId === only)
  .flatMap(hiddenSpans);
const offers = spans
  .filter(({ aside }) => aside === undefined)
  .flatMap((span) =>
    Object.entries(span.endings).map(([ending, more]): Offer => {
      return { span, ending, text: offered(span, span.hiddenText + more) };
    }),
  );
const isTrue = ({ span, text }: Offer) => text.trimEnd() === span.hiddenText.trimEnd();
const print = (line: string) => process.stdout.write(`${line}\n`);
for (const offer of offers) {
  if (isTrue(offer)) continue;
  const { file, line, kind, hiddenText } = offer.span;
  const texts = `hidden ${JSON.stringify(hiddenText)} offered ${JSON.stringify(offer.text)}`;
  print(`${file.languageId} ${file.name}:${line} ${kind}+${offer.ending} ${texts}`);
}
const percent = (part: number, all: number) => `${((100 * part) / all).toFixed(1)} %`;
for (const id of new Set(spans.map(({ file }) => file.languageId))) {
  const own = offers.filter(({ span }) => span.file.languageId === id);
  const all = spans.filter(({ file }) => file.languageId === id);
  const aside = all.filter((span) => span.aside !== undefined);
  const numTrue = own.filter(isTrue).length;
  const back = `${numTrue} of ${own.length} come back (${percent(numTrue, own.length)})`;
  print(`${id}: ${all.length} spans, ${aside.length} set aside; ${back}`);
}
const asideShare = spans.filter(({ aside }) => aside !== undefined).length / spans.length;
const share = offers.filter(isTrue).length / offers.length;
print(`all: ${percent(share, 1)} come back, ${percent(asideShare, 1)} of the spans set aside`);
const breaks = breaksOf(offers);
print(breaks.trim());
if (share < MIN_SHARE || asideShare > MAX_ASIDE || !breaks.includes(" 0 breaks")) process.exit(1);
