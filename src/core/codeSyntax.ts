/** What the rules of a completion's end must know of a language: its quotes, comments, and whether indentation rules. */

/** A language family's lexical habits, as far as bracket counting needs them. */
export interface CodeSyntax {
  /** Whether a closing bracket must have an opener; false for prose and markup. */
  readonly countsBrackets: boolean;
  /** Blocks end by indentation, not by a bracket. */
  readonly isIndented: boolean;
  /** Characters that open and close a string within a line; a backtick spans lines. */
  readonly quotes: string;
  readonly hasTripleQuotes: boolean;
  /** Whether an apostrophe begins a string behind a word, too, as in `-F':'`. */
  readonly hasQuotesInWords?: true;
  /** What begins a comment that ends with its line. */
  readonly lineComments: readonly string[];
  readonly blockComment: BlockComment | undefined;
}

/** Delimiters of a comment that may span lines. */
export interface BlockComment {
  readonly open: string;
  readonly close: string;
}

const C_LIKE: CodeSyntax = {
  countsBrackets: true,
  isIndented: false,
  quotes: "\"'`",
  hasTripleQuotes: false,
  lineComments: ["//"],
  blockComment: { open: "/*", close: "*/" },
};
const HASH: CodeSyntax = {
  ...C_LIKE,
  quotes: "\"'",
  lineComments: ["#"],
  blockComment: undefined,
};
const PYTHON: CodeSyntax = { ...HASH, isIndented: true, hasTripleQuotes: true };
const YAML: CodeSyntax = { ...HASH, isIndented: true };
const PROSE: CodeSyntax = {
  ...C_LIKE,
  countsBrackets: false,
  quotes: "",
  lineComments: [],
  blockComment: undefined,
};
const MARKUP: CodeSyntax = { ...PROSE, blockComment: { open: "<!--", close: "-->" } };
/** Languages in which an apostrophe quotes no text: it marks a name, a number's base or a symbol. */
const BARE_APOSTROPHE: CodeSyntax = {
  ...C_LIKE,
  quotes: '"',
  lineComments: [],
  blockComment: undefined,
};
const LISP: CodeSyntax = { ...BARE_APOSTROPHE, lineComments: [";"] };
const DASHES: CodeSyntax = { ...BARE_APOSTROPHE, lineComments: ["--"] };

const SYNTAXES: ReadonlyMap<string, CodeSyntax> = new Map([
  ["python", PYTHON],
  ["cython", PYTHON],
  ["nim", PYTHON],
  ["gdscript", PYTHON],
  ["coffeescript", { ...YAML, hasTripleQuotes: true }],
  ["yaml", YAML],
  ["dockercompose", YAML],
  ["pug", { ...PROSE, isIndented: true }],
  ["ruby", HASH],
  ["elixir", HASH],
  ["julia", HASH],
  ["perl", HASH],
  ["r", HASH],
  ["toml", { ...HASH, hasTripleQuotes: true }],
  ["powershell", HASH],
  // A pattern of `case` ends in a closer that nothing opened.
  ["shellscript", { ...HASH, countsBrackets: false, hasQuotesInWords: true }],
  ["makefile", { ...PROSE, lineComments: ["#"] }],
  ["dockerfile", { ...PROSE, lineComments: ["#"] }],
  // A single quote begins a lifetime or ends a name.
  ["rust", { ...C_LIKE, quotes: '"' }],
  ["haskell", { ...DASHES, isIndented: true }],
  ["elm", { ...DASHES, isIndented: true }],
  ["purescript", { ...DASHES, isIndented: true }],
  ["ada", DASHES],
  ["vhdl", DASHES],
  ["sql", { ...C_LIKE, lineComments: ["--"] }],
  ["lua", { ...HASH, lineComments: ["--"], blockComment: { open: "--[[", close: "]]" } }],
  ...["clojure", "commonlisp", "elisp", "lisp", "racket", "scheme"].map(
    (id) => [id, LISP] as const,
  ),
  ...["matlab", "octave", "ocaml", "sml"].map((id) => [id, BARE_APOSTROPHE] as const),
  ...["verilog", "systemverilog", "fsharp"].map((id) => [id, { ...C_LIKE, quotes: '"' }] as const),
  ["vb", { ...BARE_APOSTROPHE, lineComments: ["'"] }],
  // A double quote begins a comment there, or a string.
  ["viml", { ...BARE_APOSTROPHE, quotes: "'" }],
  ["erlang", { ...C_LIKE, lineComments: ["%"], blockComment: undefined }],
  // Two slashes are an operator there, or part of an address.
  ["nix", HASH],
  ["css", { ...C_LIKE, lineComments: [] }],
  ["c", { ...C_LIKE, quotes: "\"'" }],
  ["cpp", { ...C_LIKE, quotes: "\"'" }],
  ["json", { ...C_LIKE, quotes: '"' }],
  ["jsonc", { ...C_LIKE, quotes: '"' }],
  ...["html", "xml", "markdown", "mdx"].map((id) => [id, MARKUP] as const),
  ...["plaintext", "latex", "restructuredtext", "git-commit"].map((id) => [id, PROSE] as const),
]);

const LANGUAGES_BY_EXTENSION: ReadonlyMap<string, string> = new Map(
  Object.entries({
    py: "python",
    pyi: "python",
    pyx: "cython",
    nim: "nim",
    gd: "gdscript",
    coffee: "coffeescript",
    yaml: "yaml",
    yml: "yaml",
    pug: "pug",
    rb: "ruby",
    ex: "elixir",
    exs: "elixir",
    jl: "julia",
    pl: "perl",
    pm: "perl",
    r: "r",
    toml: "toml",
    ps1: "powershell",
    sh: "shellscript",
    bash: "shellscript",
    mk: "makefile",
    rs: "rust",
    hs: "haskell",
    c: "c",
    h: "c",
    cc: "cpp",
    cpp: "cpp",
    hpp: "cpp",
    json: "json",
    jsonc: "jsonc",
    html: "html",
    htm: "html",
    ads: "ada",
    adb: "ada",
    elm: "elm",
    erl: "erlang",
    vim: "viml",
    vb: "vb",
    vhd: "vhdl",
    sv: "systemverilog",
    fs: "fsharp",
    ml: "ocaml",
    scm: "scheme",
    rkt: "racket",
    lisp: "commonlisp",
    el: "elisp",
    clj: "clojure",
    nix: "nix",
    lua: "lua",
    sql: "sql",
    css: "css",
    xml: "xml",
    svg: "xml",
    md: "markdown",
    mdx: "mdx",
    txt: "plaintext",
    tex: "latex",
    rst: "restructuredtext",
  }),
);

/** VS Code's name of the language a path's extension stands for, where the rules treat it apart; else undefined. */
export function languageIdOfPath(path: string): string | undefined {
  const name = path.split(/[\\/]/).at(-1) ?? "";
  const dot = name.lastIndexOf(".");
  return dot === -1 ? undefined : LANGUAGES_BY_EXTENSION.get(name.slice(dot + 1).toLowerCase());
}

/** The syntax of a language; of an unnamed one by the look of the text before the cursor. */
export function syntaxOf(languageId: string | undefined, prefixText: string): CodeSyntax {
  if (languageId !== undefined) return SYNTAXES.get(languageId) ?? C_LIKE;
  return looksIndented(prefixText) ? PYTHON : C_LIKE;
}

/** Whether more lines end as Python's blocks begin than as lines of brace languages end. */
function looksIndented(prefixText: string): boolean {
  const colons = prefixText.match(/:[ \t]*(?=\r?\n|$)/g)?.length ?? 0;
  const braces = prefixText.match(/[{};][ \t]*(?=\r?\n|$)/g)?.length ?? 0;
  return colons > braces;
}
