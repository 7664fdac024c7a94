/** `treeline complete`: the completion at one cursor of one file. */

import { resolve } from "node:path";
import { visibleText } from "../../core/base/foreignText.ts";
import { APPENDED_PROMPT } from "../../core/prompt/promptAnchor.ts";
import { DROP_REASONS, type DropReason } from "../../core/suggestions/rankSuggestions.ts";
import { meanAcceptanceLength } from "../../core/tree/decodeStats.ts";
import { sourcesOf } from "../../core/tree/draftTree.ts";
import type { CompletionChunk, CompletionResult } from "../../engine/protocol/completeMessages.ts";
import type { LoadedModels } from "../../engine/protocol/protocol.ts";
import type { SuggestionProposer } from "../../engine/protocol/suggestionMessages.ts";
import {
  type CommandContext,
  draftSources,
  type ModelOptions,
  withEngine,
} from "../base/engineSession.ts";
import { displayPath, readSourceFile } from "../sources/sourceFile.ts";
import { folderAt, indexFolder } from "../sources/workspaceSources.ts";
import { lineEndsOf, linesBefore, splitAtCursor, withLineFeeds } from "./cursor.ts";
import { type NamedPlace, placeOf } from "./place.ts";
import { rejectionText } from "./rejectionWords.ts";

export interface CompleteOptions extends ModelOptions, NamedPlace {
  readonly maxTokens: number;
  readonly speculation: boolean;
  /** A folder whose files are drafted from. */
  readonly workspace?: string;
  /** The first included. */
  readonly suggestions: number;
  readonly suggestionMethod: SuggestionProposer;
  readonly json?: boolean;
}

export async function completeCommand(
  named: string,
  options: CompleteOptions,
  context: CommandContext,
  signal: AbortSignal,
): Promise<void> {
  const { terminal, workingFolder } = context;
  const { file, line, column } = placeOf(named, options);
  const path = resolve(workingFolder, file);
  const text = await readSourceFile(path, signal);
  const cursor = withLineFeeds(splitAtCursor(text, line, column));
  const inFile = lineEndsOf(text);
  const folder =
    options.workspace === undefined ? undefined : await folderAt(options.workspace, workingFolder);
  await withEngine(
    options,
    context,
    async ({ client, models, workspace }) => {
      if (folder !== undefined && options.speculation) {
        const size = await indexFolder(folder, workspace, terminal, signal);
        if (options.json !== true) terminal.note(size);
      }
      // For a person, who cannot judge the text without its place; a pipe has the text alone.
      if (terminal.isInteractive && options.json !== true) {
        terminal.out({ style: "dim", text: linesBefore(cursor.prefixText) });
      }
      let streamed = "";
      const onChunk = ({ text }: CompletionChunk) => {
        streamed += text;
        if (options.json !== true) terminal.out(inFile(text));
      };
      const answer = await client.complete(
        {
          ...cursor,
          ...APPENDED_PROMPT,
          filePath: displayPath(path, workingFolder),
          documentPath: path,
          maxTokens: options.maxTokens,
          sources: options.speculation ? draftSources(models) : [],
          numSuggestions: options.suggestions,
          suggestionMethod: options.suggestionMethod,
        },
        onChunk,
        signal,
      );
      const result = {
        ...answer,
        text: inFile(answer.text),
        ...(answer.suggestions && {
          suggestions: answer.suggestions.map((one) => ({ ...one, text: inFile(one.text) })),
        }),
      };
      if (options.json === true) {
        // JSON leaves C1 and bidi controls as they are; escaped they are the same text.
        terminal.out(`${visibleText(JSON.stringify(completionReport(result, models)))}\n`);
        return;
      }
      // A stream that held back its end, or none at all.
      if (answer.text.startsWith(streamed)) {
        terminal.out(inFile(answer.text.slice(streamed.length)));
      }
      if (terminal.isInteractive) terminal.out("\n");
      terminal.out(otherSuggestions(result));
      terminal.note(summaryLine(result, models));
      const fewer = fewerSuggestions(result, options.suggestions);
      if (fewer !== undefined) terminal.note(fewer);
      for (const notice of models.notices) terminal.note(`note: ${notice}`);
    },
    signal,
  );
}

/** The suggestions beside the first as text, each below a line that says who proposed it; empty if there is none. */
export function otherSuggestions({ suggestions = [] }: CompletionResult): string {
  return suggestions
    .slice(1)
    .map(
      ({ text, logProb, source }, index) =>
        `\n--- ${index + 2}/${suggestions.length} ${source}, mean log-probability ${logProb.toFixed(2)}\n${text}`,
    )
    .join("")
    .concat(suggestions.length > 1 ? "\n" : "");
}

/** What kept a suggestion from being offered, in words behind their number. */
const DROP_WORDS: Readonly<Record<DropReason, string>> = {
  empty: "without text",
  unlikely: "unlikely",
  equal: "equal to a better one",
  similar: "too similar to a better one",
  surplus: "more than asked for",
};

/** Why there are fewer suggestions than wanted, in words; undefined where there are as many, or none to be had. */
export function fewerSuggestions(
  { suggestions = [], droppedSuggestions = [] }: CompletionResult,
  numWanted: number,
): string | undefined {
  if (suggestions.length === 0 || suggestions.length >= numWanted) return undefined;
  const reasons = DROP_REASONS.flatMap((reason) => {
    const count = droppedSuggestions.filter((dropped) => dropped === reason).length;
    return count === 0 ? [] : [`${count} ${DROP_WORDS[reason]}`];
  });
  const others =
    reasons.length === 0 ? "no other was found" : `of the others tried: ${reasons.join(", ")}`;
  return `${suggestions.length} of ${numWanted} suggestions; ${others}`;
}

/** What `--json` prints. */
export function completionReport(result: CompletionResult, models: LoadedModels) {
  const { stats } = result;
  return {
    text: result.text,
    ...(result.suggestions && {
      suggestions: result.suggestions,
      droppedSuggestions: result.droppedSuggestions,
    }),
    tokens: Array.from(result.tokens),
    logProbs: Array.from(result.logProbs),
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
  const { stats, tokens, timings } = result;
  const rejection = rejectionText(result);
  return (
    `${tokens.length} token${tokens.length === 1 ? "" : "s"} in ${timings.totalMs.toFixed(1)} ms, ` +
    `mean acceptance length ${meanAcceptanceLength(stats).toFixed(2)} incl. bonus, ` +
    `${models.backend}, ended by ${result.finishReason}` +
    (timings.othersMs === undefined
      ? ""
      : `, ${timings.othersMs.toFixed(1)} ms of that for the other suggestions`) +
    (rejection === undefined ? "" : `, nothing offered: ${rejection}`)
  );
}
