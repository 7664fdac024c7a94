/** `treeline complete`: the completion at one cursor of one file. */
import { resolve } from "node:path";
import type { CompletionRejection } from "../core/completionRejection.ts";
import { meanAcceptanceLength } from "../core/decodeStats.ts";
import { sourcesOf } from "../core/draftTree.ts";
import type { CompletionChunk, CompletionResult, LoadedModels } from "../engine/protocol.ts";
import { splitAtCursor, withLineFeeds } from "./cursor.ts";
import {
  type CommandContext,
  draftSources,
  type ModelOptions,
  withEngine,
} from "./engineSession.ts";
import { displayPath, readSourceFile } from "./sourceFile.ts";

export interface CompleteOptions extends ModelOptions {
  /** 1-based. */
  readonly line: number;
  /** 1-based, in UTF-16 code units. */
  readonly column: number;
  readonly maxTokens: number;
  readonly speculation: boolean;
  readonly json?: boolean;
}

export async function completeCommand(
  file: string,
  options: CompleteOptions,
  context: CommandContext,
  signal: AbortSignal,
): Promise<void> {
  const { terminal, workingFolder } = context;
  const path = resolve(workingFolder, file);
  const text = await readSourceFile(path, signal);
  const cursor = withLineFeeds(splitAtCursor(text, options.line, options.column));
  await withEngine(
    options,
    context,
    async ({ client, models }) => {
      let streamed = "";
      const onChunk = ({ text }: CompletionChunk) => {
        streamed += text;
        if (options.json !== true) terminal.out(text);
      };
      const result = await client.complete(
        {
          ...cursor,
          filePath: displayPath(path, workingFolder),
          maxTokens: options.maxTokens,
          sources: options.speculation ? draftSources(models) : [],
        },
        onChunk,
        signal,
      );
      if (options.json === true) {
        terminal.out(`${JSON.stringify(completionReport(result, models))}\n`);
        return;
      }
      // A stream that held back its end, or none at all.
      if (result.text.startsWith(streamed)) terminal.out(result.text.slice(streamed.length));
      if (terminal.isInteractive) terminal.out("\n");
      terminal.note(summaryLine(result, models));
      for (const notice of models.notices) terminal.note(`note: ${notice}`);
    },
    signal,
  );
}

/** Why there is no text, in words. */
const REJECTION_WORDS: Readonly<Record<CompletionRejection, string>> = {
  empty: "the model ended at once",
  tooShort: "too short to be of use",
  repeatsSuffix: "it repeats the text after the cursor",
  repeatsLineAbove: "it repeats the line above",
  repetitive: "it repeats itself",
};

/** What `--json` prints. */
export function completionReport(result: CompletionResult, models: LoadedModels) {
  const { stats } = result;
  return {
    text: result.text,
    tokens: Array.from(result.tokens),
    stats: {
      numSteps: stats.numSteps,
      numDraftTokens: stats.numDraftTokens,
      numAcceptedTokens: stats.numAcceptedTokens,
      meanAcceptanceLength: meanAcceptanceLength(stats),
      bySource: stats.bySource,
      finishReason: result.finishReason,
      rejection: result.rejection ?? null,
      tokenSources: Array.from(result.tokenSources, sourcesOf),
    },
    timings: result.timings,
    models: { target: models.target, draft: models.draft ?? null },
    backend: models.backend,
  };
}

function summaryLine(result: CompletionResult, models: LoadedModels): string {
  const { stats, tokens, timings, rejection } = result;
  return (
    `${tokens.length} token${tokens.length === 1 ? "" : "s"} in ${timings.totalMs.toFixed(1)} ms, ` +
    `mean acceptance length ${meanAcceptanceLength(stats).toFixed(2)} incl. bonus, ` +
    `${models.backend}, ended by ${result.finishReason}` +
    (rejection === undefined ? "" : `, nothing offered: ${REJECTION_WORDS[rejection]}`)
  );
}
