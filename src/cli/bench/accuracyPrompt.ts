/** What the suite `accuracy` asks with: its arms, and text of the workspace's other files for those that have it. */
import { join } from "node:path";
import { EDITOR_ARM, type PromptArm } from "../../bench/accuracy/promptArms.ts";
import type { ContextKind } from "../../core/prompt/promptContext.ts";
import type { CompleteParams } from "../../engine/protocol/completeMessages.ts";
import type { LoadedModels } from "../../engine/protocol/protocol.ts";
import { CliError, EXIT_USAGE } from "../base/cliError.ts";
import { draftSources } from "../base/engineSession.ts";
import { folderAt, indexFolder } from "../sources/workspaceSources.ts";
import type { SuiteSurroundings } from "./benchSuite.ts";

/** Places of files have no history: nothing was opened or edited before. */
const MEASURED_KINDS = ["imports", "similar"] as const satisfies readonly ContextKind[];
export const CONTEXT_CHOICES = ["none", ...MEASURED_KINDS, "all"] as const;
export type ContextChoice = (typeof CONTEXT_CHOICES)[number];

const WITH_CONTEXT = { name: "line+heal+context", hasContext: true } as const;

export type AskedPrompt = Awaited<ReturnType<typeof askedPrompt>>;

type ArmOptions = Pick<
  CompleteParams,
  "anchor" | "heals" | "context" | "maxPromptTokens" | "maxSuffixChars"
>;

/** Where an arm has a context, indexes the workspace first. @throws CliError where there is none. */
export async function askedPrompt(
  { options, context: { terminal, workingFolder }, session }: SuiteSurroundings,
  signal: AbortSignal,
) {
  const { promptTokens, workspace, contextTokens } = options;
  const kinds = kindsOf(options.context ?? "none");
  const arms = options.arms ?? [kinds.length > 0 ? { ...EDITOR_ARM, ...WITH_CONTEXT } : EDITOR_ARM];
  const [first] = arms;
  const hasContext = arms.some((arm) => arm.hasContext);
  if (hasContext !== kinds.length > 0) {
    const expected = hasContext ? "--context beside an arm with +context" : "an arm with +context";
    throw new CliError(`Expected ${expected}: --context says what they have.`, EXIT_USAGE);
  }
  if (!hasContext && contextTokens !== undefined) {
    throw new CliError("Expected --context beside --context-tokens.", EXIT_USAGE);
  }
  let root: string | undefined;
  if (hasContext) {
    if (workspace === undefined) {
      throw new CliError(
        "Expected --workspace beside --context: it is the text of a folder's other files.",
        EXIT_USAGE,
      );
    }
    root = await folderAt(workspace, workingFolder);
    terminal.note(await indexFolder(root, session.workspace, terminal, signal));
  }
  const ofOther = {
    ...Object.fromEntries(kinds.map((kind) => [kind, true])),
    ...(contextTokens === undefined ? {} : { maxTokens: contextTokens }),
    isFresh: true,
  };
  const size = contextTokens === undefined ? "" : ` of ${contextTokens} tokens`;
  return {
    /** The first is what the others are compared with. */
    arms,
    /** What the first one has beside its name, in words. */
    words: [
      ...(first?.hasContext === true ? [`with ${kinds.join(" and ")}${size}`] : []),
      ...(first?.request.maxPromptTokens === undefined && promptTokens !== undefined
        ? [`${promptTokens} tokens at most`]
        : []),
    ],
    /** What an arm's requests have of it. */
    optionsOf: (arm: PromptArm): ArmOptions => ({
      ...(promptTokens === undefined ? {} : { maxPromptTokens: promptTokens }),
      ...arm.request,
      ...(arm.hasContext && { context: ofOther }),
    }),
    /** Of a file of the workspace, where it is indexed. */
    documentPath: (path: string) => (root === undefined ? undefined : join(root, path)),
    /** Where the workspace is indexed, those that do not know its files: they know what is hidden, too. */
    sources: (models: LoadedModels) =>
      draftSources(models).filter(
        (source) => root === undefined || (source !== "workspace" && source !== "recycling"),
      ),
  };
}

function kindsOf(choice: ContextChoice): readonly ContextKind[] {
  if (choice === "none") return [];
  return choice === "all" ? MEASURED_KINDS : [choice];
}
