/** What the prompts of the suite `accuracy` have beside the file itself: text of the workspace's other files. */
import { join } from "node:path";
import type { DraftSource } from "../core/draftTree.ts";
import type { ContextKind, ContextOptions } from "../core/promptContext.ts";
import type { LoadedModels } from "../engine/protocol.ts";
import type { SuiteSurroundings } from "./benchSuite.ts";
import { CliError, EXIT_USAGE } from "./cliError.ts";
import { draftSources } from "./engineSession.ts";
import { folderAt, indexFolder } from "./workspaceSources.ts";

/** Places of files have no history: nothing was opened or edited before. */
const MEASURED_KINDS = ["imports", "similar"] as const satisfies readonly ContextKind[];
export const CONTEXT_CHOICES = ["none", ...MEASURED_KINDS, "all"] as const;
export type ContextChoice = (typeof CONTEXT_CHOICES)[number];

export interface AskedPrompt {
  /** In words, behind the arm's name. */
  readonly words: readonly string[];
  /** What every request has of it. */
  readonly options: {
    readonly context?: ContextOptions;
    readonly maxPromptTokens?: number;
  };
  /** Of a file of the workspace, where it is indexed. */
  documentPath(path: string): string | undefined;
  /** Where the workspace is indexed, those that do not know its files: they know what is hidden, too. */
  sources(models: LoadedModels): DraftSource[];
}

/** With a context, indexes the workspace first. @throws CliError where there is none. */
export async function askedPrompt(
  { options, context: { terminal, workingFolder }, session }: SuiteSurroundings,
  signal: AbortSignal,
): Promise<AskedPrompt> {
  const { promptTokens, workspace } = options;
  const kinds = kindsOf(options.context ?? "none");
  const maxPrompt = promptTokens === undefined ? {} : { maxPromptTokens: promptTokens };
  if (kinds.length === 0) {
    if (options.contextTokens !== undefined) {
      throw new CliError("Expected --context beside --context-tokens.", EXIT_USAGE);
    }
    return {
      words: budgetWords(promptTokens),
      options: maxPrompt,
      documentPath: () => undefined,
      sources: draftSources,
    };
  }
  if (workspace === undefined) {
    throw new CliError(
      "Expected --workspace beside --context: it is the text of a folder's other files.",
      EXIT_USAGE,
    );
  }
  const root = await folderAt(workspace, workingFolder);
  terminal.note(await indexFolder(root, session.workspace, terminal, signal));
  const { contextTokens } = options;
  const context = {
    ...Object.fromEntries(kinds.map((kind) => [kind, true])),
    ...(contextTokens === undefined ? {} : { maxTokens: contextTokens }),
    isFresh: true,
  };
  const size = contextTokens === undefined ? "" : ` of ${contextTokens} tokens`;
  return {
    words: [`with ${kinds.join(" and ")}${size}`, ...budgetWords(promptTokens)],
    options: { context, ...maxPrompt },
    documentPath: (path) => join(root, path),
    sources: (models) =>
      draftSources(models).filter((source) => source !== "workspace" && source !== "recycling"),
  };
}

function kindsOf(choice: ContextChoice): readonly ContextKind[] {
  if (choice === "none") return [];
  return choice === "all" ? MEASURED_KINDS : [choice];
}

function budgetWords(promptTokens: number | undefined): string[] {
  return promptTokens === undefined ? [] : [`${promptTokens} tokens at most`];
}
