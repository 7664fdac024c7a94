/** What the rules of a completion's end must know of a language: its quotes, comments, and whether indentation rules. */

import type { Markup } from "./tagBalance.ts";

/** A comment or string that goes on behind line breaks until its closing delimiter. */
export interface TextBlock {
  readonly open: string;
  readonly close: string;
  readonly isComment: boolean;
  /** Whether one inside another ends alone. */
  readonly nests?: true;
  /** Whether a backslash takes its meaning from the next character. */
  readonly hasEscapes?: true;
  /** Whether it begins at a line's start only. */
  readonly isOfLine?: true;
  /** Whether code stands in it between `${` and `}`. */
  readonly hasCode?: true;
  /** Whether it ends with a line that is nothing but its end. */
  readonly isHereDocument?: true;
}

interface Interpolation {
  readonly open: string;
  readonly close: "}" | ")";
}

/** A language family's lexical habits, as far as bracket counting needs them. */
export interface CodeSyntax {
  /** Whether a closing bracket must have an opener; false for prose and markup. */
  readonly countsBrackets: boolean;
  /** A closing bracket that nothing opens is text of a plain value. */
  readonly hasPlainText?: true;
  /** White space at a line's start says what the line is, so it stays as it was written. */
  readonly keepsTabs?: true;
  /** Blocks end by indentation, not by a bracket. */
  readonly isIndented: boolean;
  /** Blocks end with a word, as `end`: brackets do not show them. */
  readonly endsBlocksByWord?: true;
  /** Characters that open and close a string within a line. */
  readonly quotes: string;
  /** Whether such a string may go on in the next line all the same. Documents are read as if it did not: one quote that is misread would turn all that follows. */
  readonly stringsSpanLines?: true;
  /** Whether an apostrophe begins a string behind a word, too, as in `-F':'`. */
  readonly hasQuotesInWords?: true;
  /** What begins a comment that ends with its line. */
  readonly lineComments: readonly string[];
  readonly blocks: readonly TextBlock[];
  /** Whether a tag in an expression begins an element with text in it. */
  readonly hasElements?: true;
  /** Whether it is nothing but markup, so that tags can be counted. */
  readonly markup?: Markup;
  /** What begins a text with the next line, before the word that ends it. */
  readonly hereDocument?: "<<" | "<<<";
  /** What code stands between in a string of double quotes. */
  readonly interpolation?: Interpolation;
  /** Whether the language is not in the table. */
  readonly isGuessed?: true;
  /** Whether a quote within a string is written twice. */
  readonly doublesQuotes?: true;
}

const comment = (open: string, close: string): TextBlock => ({ open, close, isComment: true });
const string = (open: string, close = open): TextBlock => ({ open, close, isComment: false });
const escaped = (quotes: string): TextBlock => ({ ...string(quotes), hasEscapes: true });

const SLASH_STAR = comment("/*", "*/");
const NESTED_SLASH_STAR: TextBlock = { ...SLASH_STAR, nests: true };
const TAG_COMMENT = comment("<!--", "-->");
const TEMPLATE = escaped("`");
const RAW_TRIPLE = string('"""');
const TRIPLE = escaped('"""');
const TRIPLE_SINGLE = escaped("'''");

const C_LIKE: CodeSyntax = {
  countsBrackets: true,
  isIndented: false,
  quotes: "\"'",
  lineComments: ["//"],
  blocks: [SLASH_STAR, TEMPLATE],
};
/** What may be anything. */
const UNKNOWN: CodeSyntax = { ...C_LIKE, isGuessed: true };
const JS_TEMPLATE: TextBlock = { ...TEMPLATE, hasCode: true };
const JS: CodeSyntax = { ...C_LIKE, blocks: [SLASH_STAR, JS_TEMPLATE] };
const HASH: CodeSyntax = { ...C_LIKE, lineComments: ["#"], blocks: [] };
const WORDS: CodeSyntax = { ...HASH, endsBlocksByWord: true };
const PYTHON: CodeSyntax = { ...HASH, isIndented: true, blocks: [TRIPLE, TRIPLE_SINGLE] };
const YAML: CodeSyntax = { ...HASH, isIndented: true, hasPlainText: true };
const PROSE: CodeSyntax = {
  ...C_LIKE,
  countsBrackets: false,
  quotes: "",
  lineComments: [],
  blocks: [],
};
/** Names and values, a line each. */
const ENTRIES: CodeSyntax = { ...PROSE, lineComments: ["#"] };
const MARKUP: CodeSyntax = {
  ...PROSE,
  // Scripts and styles stand in it, and values of attributes.
  blocks: [
    TAG_COMMENT,
    SLASH_STAR,
    string('="', '"'),
    string("='", "'"),
    string("<![CDATA[", "]]>"),
  ],
};
const MARKDOWN: CodeSyntax = {
  ...PROSE,
  blocks: [TAG_COMMENT, { ...string("```"), isOfLine: true }],
};
/** Languages in which an apostrophe quotes no text: it marks a name, a number's base or a symbol. */
const BARE_APOSTROPHE: CodeSyntax = { ...C_LIKE, quotes: '"', lineComments: [], blocks: [] };
const LISP: CodeSyntax = { ...BARE_APOSTROPHE, lineComments: [";"], stringsSpanLines: true };
const DASHES: CodeSyntax = { ...BARE_APOSTROPHE, lineComments: ["--"] };
const HASKELL: CodeSyntax = {
  ...DASHES,
  isIndented: true,
  blocks: [{ ...comment("{-", "-}"), nests: true }],
};
const ML: CodeSyntax = { ...BARE_APOSTROPHE, blocks: [{ ...comment("(*", "*)"), nests: true }] };
/** Languages of the JVM and their like. */
const WITH_TEXT_BLOCKS: CodeSyntax = { ...C_LIKE, blocks: [SLASH_STAR, TRIPLE] };
/** Components of the web: markup around code. */
const COMPONENT: CodeSyntax = { ...JS, blocks: [...JS.blocks, TAG_COMMENT] };
const BRACES: Interpolation = { open: "${", close: "}" };
const HASH_BRACES: Interpolation = { open: "#{", close: "}" };
const RUBY: CodeSyntax = {
  ...WORDS,
  interpolation: HASH_BRACES,
  hereDocument: "<<",
  stringsSpanLines: true,
  blocks: [{ ...comment("=begin", "=end"), isOfLine: true }, TEMPLATE],
};

const all = (ids: string, syntax: CodeSyntax) => ids.split(" ").map((id) => [id, syntax] as const);

const SYNTAXES: ReadonlyMap<string, CodeSyntax> = new Map([
  ...all("python cython nim gdscript starlark bazel", PYTHON),
  [
    "coffeescript",
    {
      ...{ ...HASH, isIndented: true, interpolation: HASH_BRACES },
      blocks: [comment("###", "###"), TRIPLE, TRIPLE_SINGLE],
    },
  ],
  ...all("yaml dockercompose github-actions-workflow azure-pipelines", YAML),
  ...all("pug jade", { ...PROSE, isIndented: true, lineComments: ["//"] }),
  ...all("ruby crystal", RUBY),
  [
    "elixir",
    {
      ...{ ...WORDS, interpolation: HASH_BRACES, stringsSpanLines: true },
      blocks: [TRIPLE, TRIPLE_SINGLE],
    },
  ],
  [
    "julia",
    {
      ...{ ...WORDS, interpolation: { open: "$(", close: ")" }, stringsSpanLines: true },
      blocks: [{ ...comment("#=", "=#"), nests: true }, TRIPLE],
    },
  ],
  // A quote may stand in a pattern.
  ...all("perl perl6 raku", { ...HASH, quotes: "", hereDocument: "<<" }),
  ...all("cmake tcl awk", HASH),
  ["fish", { ...WORDS, stringsSpanLines: true }],
  ...all("fortran FortranFreeForm", { ...WORDS, lineComments: ["!"] }),
  ["r", { ...HASH, stringsSpanLines: true }],
  ["toml", { ...HASH, blocks: [TRIPLE, string("'''")] }],
  ["powershell", { ...HASH, stringsSpanLines: true, blocks: [comment("<#", "#>")] }],
  // A pattern of `case` ends in a closer that nothing opened.
  [
    "shellscript",
    {
      ...WORDS,
      countsBrackets: false,
      hasQuotesInWords: true,
      stringsSpanLines: true,
      hereDocument: "<<",
    },
  ],
  ["makefile", { ...PROSE, lineComments: ["#"], keepsTabs: true }],
  ["dockerfile", { ...ENTRIES, hereDocument: "<<" }],
  ...all("properties dotenv ignore diff git-rebase", ENTRIES),
  ["ini", { ...ENTRIES, lineComments: [";", "#"] }],
  ["bat", { ...PROSE, lineComments: ["@REM ", "@rem ", "REM ", "rem ", "::"] }],
  // A single quote begins a lifetime or ends a name.
  [
    "rust",
    {
      ...C_LIKE,
      quotes: '"',
      stringsSpanLines: true,
      blocks: [NESTED_SLASH_STAR, string('r#"', '"#'), string('r"', '"')],
    },
  ],
  ["haskell", HASKELL],
  ...all("elm purescript", HASKELL),
  ...all("ada vhdl", DASHES),
  [
    "sql",
    {
      ...{ ...C_LIKE, lineComments: ["--"], blocks: [SLASH_STAR] },
      stringsSpanLines: true,
      doublesQuotes: true,
    },
  ],
  ["lua", { ...WORDS, lineComments: ["--"], blocks: [comment("--[[", "]]"), string("[[", "]]")] }],
  ...all("clojure commonlisp elisp lisp racket scheme", LISP),
  ["wat", { ...LISP, blocks: [{ ...comment("(;", ";)"), nests: true }] }],
  ...all("ocaml sml", { ...ML, stringsSpanLines: true }),
  ...all("matlab octave", BARE_APOSTROPHE),
  ...all("verilog systemverilog", { ...C_LIKE, quotes: '"', blocks: [SLASH_STAR] }),
  ["fsharp", { ...ML, lineComments: ["//"], blocks: [...ML.blocks, TRIPLE] }],
  ["vb", { ...BARE_APOSTROPHE, lineComments: ["'"], doublesQuotes: true }],
  // A double quote begins a comment there, or a string.
  ["viml", { ...BARE_APOSTROPHE, quotes: "'" }],
  ["erlang", { ...HASH, lineComments: ["%"], stringsSpanLines: true }],
  // Two slashes are an operator there, or part of an address.
  ["nix", { ...HASH, blocks: [SLASH_STAR, string("''")] }],
  ["css", { ...C_LIKE, lineComments: [], blocks: [SLASH_STAR] }],
  ...all("c objective-c", { ...C_LIKE, blocks: [SLASH_STAR] }),
  ...all("cpp cuda-cpp objective-cpp", { ...C_LIKE, blocks: [SLASH_STAR, string('R"(', ')"')] }),
  ...all("json jsonc jsonl", { ...C_LIKE, quotes: '"' }),
  // A backslash is a character of such strings.
  ["go", { ...C_LIKE, blocks: [SLASH_STAR, string("`")] }],
  ...all("java", WITH_TEXT_BLOCKS),
  ...all("kotlin scala", {
    ...{ ...C_LIKE, interpolation: BRACES },
    blocks: [NESTED_SLASH_STAR, RAW_TRIPLE],
  }),
  [
    "swift",
    {
      ...{ ...C_LIKE, interpolation: { open: "\\(", close: ")" } },
      blocks: [NESTED_SLASH_STAR, TRIPLE],
    },
  ],
  ...all("groovy dart", {
    ...{ ...C_LIKE, interpolation: BRACES },
    blocks: [SLASH_STAR, TRIPLE, TRIPLE_SINGLE],
  }),
  ["csharp", { ...C_LIKE, blocks: [SLASH_STAR, RAW_TRIPLE, string('@"', '"')] }],
  [
    "php",
    {
      ...{ ...COMPONENT, lineComments: ["//", "#"] },
      stringsSpanLines: true,
      hereDocument: "<<<",
    },
  ],
  ...all("terraform hcl", {
    ...{ ...C_LIKE, lineComments: ["//", "#"], blocks: [SLASH_STAR] },
    interpolation: BRACES,
    hereDocument: "<<",
  }),
  ["typescript", JS],
  ...all("javascript javascriptreact typescriptreact", { ...JS, hasElements: true }),
  ["graphql", { ...HASH, blocks: [TRIPLE] }],
  ...all("vue svelte astro razor", COMPONENT),
  ["handlebars", { ...COMPONENT, blocks: [...COMPONENT.blocks, comment("{{!--", "--}}")] }],
  ["html", { ...MARKUP, markup: "html" }],
  ...all("xml xsl", { ...MARKUP, markup: "xml" }),
  ...all("erb ejs jinja jinja-html django-html twig liquid", MARKUP),
  ...all("markdown mdx rmd quarto", MARKDOWN),
  ...all("latex tex bibtex", { ...PROSE, lineComments: ["%"] }),
  ...all("plaintext restructuredtext git-commit", PROSE),
]);

/** The syntax of a language; of an unnamed one by the look of the text before the cursor. */
export function syntaxOf(languageId: string | undefined, prefixText: string): CodeSyntax {
  if (languageId !== undefined) return SYNTAXES.get(languageId) ?? UNKNOWN;
  return looksIndented(prefixText) ? PYTHON : C_LIKE;
}

/** Whether more lines end as Python's blocks begin than as lines of brace languages end. */
function looksIndented(prefixText: string): boolean {
  const colons = prefixText.match(/:[ \t]*(?=\r?\n|$)/g)?.length ?? 0;
  const braces = prefixText.match(/[{};][ \t]*(?=\r?\n|$)/g)?.length ?? 0;
  return colons > braces;
}
