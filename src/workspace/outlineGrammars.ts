/**
 * Where the definitions stand in a language's syntax tree. Names of nodes and fields are those of the tree-sitter grammars.
 * Only languages whose imports are resolved to files (`core/index/importedFiles.ts`) have an entry: of others nobody asks.
 */

export interface OutlineGrammar {
  /** Its file in the package, without `tree-sitter-` and the ending. */
  readonly wasm: string;
  /** Nodes that only hold others: what is in them is as at the top. */
  readonly containers: ReadonlySet<string>;
  readonly definitions: ReadonlySet<string>;
  /** Of the definitions, those that others may use, and what names more of them. Where a file has any, the rest is left out. */
  readonly exports?: { readonly definition: string; readonly specifier: string };
  /** Nodes whose `name` is one that the definition declares. */
  readonly named: ReadonlySet<string>;
  /** Fields of those that hold the name. */
  readonly nameFields: ReadonlySet<string>;
  /** Nodes whose `body` is left out, and what stands in its place. */
  readonly bodied: ReadonlySet<string>;
  readonly noBody: string;
  /** Nodes that hold members. */
  readonly memberBodies: ReadonlySet<string>;
  /** Kinds of members that are kept; all if absent. */
  readonly members?: ReadonlySet<string>;
  /** How members begin that are nobody else's business. */
  readonly privateMember?: RegExp;
  /** How definitions begin that are nobody else's business. */
  readonly privateDefinition?: RegExp;
  /** Nodes whose `value` or `right` is left out where it is long, with the sign before it, and what stands in its place. */
  readonly assigned: ReadonlySet<string>;
  readonly noValue: string;
  /** Left out wherever they stand, and what is there instead. */
  readonly dropped: Readonly<Record<string, string>>;
}

const set = (names: string): ReadonlySet<string> => new Set(names.split(" "));

const TYPESCRIPT: Omit<OutlineGrammar, "wasm"> = {
  containers: set("program"),
  definitions: set(
    "export_statement ambient_declaration function_declaration generator_function_declaration class_declaration " +
      "abstract_class_declaration interface_declaration type_alias_declaration enum_declaration lexical_declaration " +
      "variable_declaration function_signature internal_module",
  ),
  exports: { definition: "export_statement", specifier: "export_specifier" },
  named: set(
    "function_declaration generator_function_declaration class_declaration abstract_class_declaration " +
      "interface_declaration type_alias_declaration enum_declaration variable_declarator function_signature " +
      "internal_module",
  ),
  nameFields: set("name"),
  bodied: set(
    "function_declaration generator_function_declaration method_definition function_expression",
  ),
  noBody: ";",
  memberBodies: set("class_body interface_body object_type enum_body"),
  privateMember:
    /^(?:(?:static|override|readonly|async|get|set|accessor|declare)\s+|\*\s*)*(?:private\b|#)/,
  assigned: set("variable_declarator public_field_definition field_definition"),
  noValue: "",
  dropped: { comment: "", class_static_block: "", statement_block: "{}" },
};

const PYTHON: OutlineGrammar = {
  wasm: "python",
  containers: set(
    "module expression_statement if_statement try_statement block else_clause except_clause",
  ),
  definitions: set(
    "function_definition class_definition decorated_definition assignment type_alias_statement",
  ),
  named: set("function_definition class_definition assignment type_alias_statement"),
  nameFields: set("name left"),
  bodied: set("function_definition"),
  noBody: " ...",
  memberBodies: set("block"),
  members: set("function_definition class_definition decorated_definition expression_statement"),
  privateMember:
    /^(?:@[^\n]*\n\s*)*(?:async\s+)?def\s+_(?!_(?:init|call|enter|aenter)__)|^[ru]{0,2}["']/,
  privateDefinition: /^(?:@[^\n]*\n\s*)*(?:async\s+def\s+|def\s+|class\s+)?_/,
  assigned: set("assignment"),
  noValue: " = ...",
  dropped: { comment: "" },
};

const GO: OutlineGrammar = {
  wasm: "go",
  containers: set("source_file"),
  definitions: set(
    "function_declaration method_declaration type_declaration const_declaration var_declaration",
  ),
  named: set("function_declaration method_declaration type_spec type_alias const_spec var_spec"),
  nameFields: set("name"),
  bodied: set("function_declaration method_declaration func_literal"),
  noBody: "",
  memberBodies: set("field_declaration_list interface_type"),
  assigned: set("const_spec var_spec"),
  noValue: "",
  dropped: { comment: "" },
};

const CPP: OutlineGrammar = {
  wasm: "cpp",
  containers: set(
    "translation_unit preproc_ifdef preproc_if preproc_else preproc_elif namespace_definition declaration_list " +
      "linkage_specification",
  ),
  definitions: set(
    "function_definition declaration struct_specifier class_specifier union_specifier enum_specifier " +
      "type_definition alias_declaration template_declaration preproc_def preproc_function_def",
  ),
  named: set(
    "function_declarator init_declarator declaration struct_specifier class_specifier union_specifier " +
      "enum_specifier type_definition alias_declaration preproc_def preproc_function_def",
  ),
  nameFields: set("name declarator"),
  bodied: set("function_definition"),
  noBody: ";",
  memberBodies: set("field_declaration_list enumerator_list"),
  assigned: set("init_declarator"),
  noValue: "",
  dropped: { comment: "", field_initializer_list: "" },
};

const BY_EXTENSION: ReadonlyMap<string, OutlineGrammar> = new Map(
  [
    { extensions: "ts mts cts", grammar: { wasm: "typescript", ...TYPESCRIPT } },
    { extensions: "tsx", grammar: { wasm: "tsx", ...TYPESCRIPT } },
    { extensions: "js jsx mjs cjs", grammar: { wasm: "javascript", ...TYPESCRIPT } },
    { extensions: "py pyi", grammar: PYTHON },
    { extensions: "go", grammar: GO },
    { extensions: "c h cc cpp cxx hh hpp hxx", grammar: CPP },
  ].flatMap(({ extensions, grammar }) =>
    extensions.split(" ").map((extension) => [extension, grammar] as const),
  ),
);

/** Each as often as there are endings for it. */
export const OUTLINE_GRAMMARS: readonly OutlineGrammar[] = [...BY_EXTENSION.values()];

/** Undefined where no language that is known here has such files. */
export function outlineGrammarOf(path: string): OutlineGrammar | undefined {
  return BY_EXTENSION.get(path.slice(path.lastIndexOf(".") + 1).toLowerCase());
}
