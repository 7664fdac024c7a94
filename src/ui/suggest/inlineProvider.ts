/** VS Code's question → a query → an item. Never throws, and does no work that a keystroke could feel. */
import * as vscode from "vscode";
import { messageOf } from "../../core/base/errors.ts";
import type { Log } from "../../core/base/log.ts";
import type {
  CompletionQuery,
  CompletionSource,
  NoSuggestionReason,
  QueryOutcome,
  Suggestion,
  SuggestionOrigin,
} from "../../session/broker/completionQuery.ts";
import type { Config } from "../base/config.ts";
import { signalOf } from "../base/vscodeAdapters.ts";
import { SLOW_FIRST_LINE_MS } from "../lifecycle/firstLineWatch.ts";
import type { Decision, DecisionLog } from "./decisionLog.ts";
import type { Offer } from "./keptText.ts";
import { queryOf } from "./queryOfDocument.ts";
import { refusalOf } from "./servedDocuments.ts";

const { l10n } = vscode;

/** Runs when an item was accepted whole; not in the command palette. */
export const ACCEPTED_COMMAND = "treeline.suggestionAccepted";

export interface InlineProviderOptions {
  readonly source: Pick<CompletionSource, "query">;
  readonly config: () => Config;
  readonly decisions: DecisionLog;
  readonly log: Log;
  readonly onOffer: (offer: Offer, suggestion: Suggestion) => void;
  /** How long a line was waited for that had to be generated, in ms; in vain, too, where that was long. */
  readonly onWaited: (ms: number) => void;
}

/**
 * An automatic question that is cancelled so late was given up by the editor, which waits for 750 ms; a key, a click or
 * another editor cancel at any time. In ms.
 */
const EDITOR_WAITS_MS = 650;
/** Answers that the engine had to be waited for. */
const GENERATED: ReadonlySet<SuggestionOrigin> = new Set(["generated", "running"]);
const GIVEN_UP: ReadonlySet<NoSuggestionReason> = new Set(["cancelled", "superseded"]);

export class InlineProvider implements vscode.InlineCompletionItemProvider {
  readonly #options: InlineProviderOptions;
  #numQuestions = 0;
  /** The editor is asking as it was told to, for an answer that came too late. */
  #isAskingAgain = false;

  constructor(options: InlineProviderOptions) {
    this.#options = options;
  }

  async provideInlineCompletionItems(
    ...question: Parameters<vscode.InlineCompletionItemProvider["provideInlineCompletionItems"]>
  ): Promise<vscode.InlineCompletionList | undefined> {
    try {
      return await this.#provide(...question);
    } catch (error) {
      const detail = messageOf(error);
      this.#options.log("error", `provide failed reason=${JSON.stringify(detail)}`);
      const [document, position] = question;
      this.#decide(document, position, { reason: "internalError", detail });
      return undefined;
    }
  }

  async #provide(
    document: vscode.TextDocument,
    position: vscode.Position,
    { selectedCompletionInfo: selected, triggerKind }: vscode.InlineCompletionContext,
    token: vscode.CancellationToken,
  ): Promise<vscode.InlineCompletionList | undefined> {
    const { source, config } = this.#options;
    const reason = refusalOf(config(), document);
    if (reason !== undefined) {
      if (reason !== "notServed") this.#decide(document, position, { reason });
      return undefined;
    }
    const isAsked = triggerKind === vscode.InlineCompletionTriggerKind.Invoke;
    const asked = this.#isAskingAgain ? "again" : "invoke";
    const trigger = isAsked ? asked : "automatic";
    const query = queryOf(document, position, trigger, selected);
    const question = ++this.#numQuestions;
    using cancellation = signalOf(token);
    const { version } = document;
    const askedAt = performance.now();
    const outcome = await source.query(query, cancellation.signal);
    const isGivenUp =
      token.isCancellationRequested && performance.now() - askedAt >= EDITOR_WAITS_MS;
    if (isGivenUp && document.version === version && question === this.#numQuestions) {
      void this.#finishLate(document, position, query, askedAt);
    } else this.#tellWait(query, outcome, askedAt);
    if ("noSuggestion" in outcome) {
      this.#decide(document, position, outcome.noSuggestion);
      return undefined;
    }
    if (token.isCancellationRequested) {
      const detail = l10n.t("The editor no longer wanted the answer when it came.");
      this.#decide(document, position, { reason: "cancelled", detail });
      return undefined;
    }
    return this.#offer(document, position, selected, outcome.suggestion);
  }

  #tellWait({ trigger }: CompletionQuery, outcome: QueryOutcome, askedAt: number): void {
    const isFirstLines = "suggestion" in outcome && !outcome.suggestion.isWhole;
    // Who asks by hand waits for all suggestions, of which the first may have been there long before.
    if (trigger === "invoke" && !isFirstLines && this.#options.config().numSuggestions > 1) return;
    const ms = performance.now() - askedAt;
    const isGenerated = "suggestion" in outcome && GENERATED.has(outcome.suggestion.origin);
    const isInVain =
      "noSuggestion" in outcome &&
      GIVEN_UP.has(outcome.noSuggestion.reason) &&
      ms > SLOW_FIRST_LINE_MS;
    if (isGenerated || isInVain) this.#options.onWaited(ms);
  }

  #offer(
    document: vscode.TextDocument,
    position: vscode.Position,
    selected: vscode.SelectedCompletionInfo | undefined,
    suggestion: Suggestion,
  ): vscode.InlineCompletionList {
    const { id, origin, latencyMs } = suggestion;
    this.#decide(document, position, { reason: "offered", origin, latencyMs });
    const { languageId } = document;
    const documentId = document.uri.toString();
    const cursorOffset = document.offsetAt(position);
    const texts = [suggestion.text, ...suggestion.others];
    const isCrlf = document.eol === vscode.EndOfLine.CRLF;
    const [text = "", ...others] = texts.map((each) =>
      isCrlf ? each.replaceAll("\n", "\r\n") : each,
    );
    const place =
      selected === undefined
        ? { offset: cursorOffset }
        : {
            offset: document.offsetAt(selected.range.start) + selected.text.length,
            cursorOffset,
          };
    this.#options.onOffer({ id, documentId, languageId, text, others, ...place }, suggestion);
    // An item has to extend the selected entry with that entry's own range, or it is not shown.
    const range = selected?.range ?? new vscode.Range(position, position);
    // The editor keeps what it shows where an item has the same text and range, and cycles through the rest.
    const items = texts.map(
      (each, index) =>
        new vscode.InlineCompletionItem((selected?.text ?? "") + each, range, {
          title: l10n.t("Suggestion Accepted"),
          command: ACCEPTED_COMMAND,
          arguments: [id, index + 1],
        }),
    );
    return new vscode.InlineCompletionList(items);
  }

  /**
   * Waits for an answer that the editor gave up, though nothing was typed since: it waits for 750 ms where quick
   * suggestions are `offWhenInlineCompletions`, its default. Never rejects.
   */
  async #finishLate(
    document: vscode.TextDocument,
    position: vscode.Position,
    query: CompletionQuery,
    askedAt: number,
  ): Promise<void> {
    const { version } = document;
    const question = this.#numQuestions;
    const left = new AbortController();
    const leaveIfElsewhere = () => {
      if (!isCursorAt(document, position)) left.abort();
    };
    leaveIfElsewhere();
    const subscriptions = [
      vscode.window.onDidChangeTextEditorSelection(leaveIfElsewhere),
      vscode.window.onDidChangeActiveTextEditor(leaveIfElsewhere),
    ];
    try {
      // No key was pressed, so there is nothing to wait for. Whoever asks next replaces it.
      const late = { ...query, trigger: "again" } as const;
      const outcome = await this.#options.source.query(late, left.signal);
      this.#tellWait(late, outcome, askedAt);
      const isStill = question === this.#numQuestions && document.version === version;
      if ("suggestion" in outcome && isStill && isCursorAt(document, position)) {
        await this.#askAgain();
      }
    } finally {
      for (const subscription of subscriptions) subscription.dispose();
    }
  }

  /** Lets the editor ask again. Never rejects. */
  async #askAgain(): Promise<void> {
    try {
      // The first suggestion is late already: it does not wait for others.
      this.#isAskingAgain = true;
      await vscode.commands.executeCommand("editor.action.inlineSuggest.trigger");
    } catch (error) {
      this.#options.log("error", `trigger failed reason=${JSON.stringify(messageOf(error))}`);
    } finally {
      this.#isAskingAgain = false;
    }
  }

  #decide(
    document: vscode.TextDocument,
    position: vscode.Position,
    outcome: Pick<Decision, "reason" | "detail" | "origin" | "latencyMs">,
  ): void {
    this.#options.decisions.add({
      at: new Date(),
      document: document.uri.path.split("/").at(-1) ?? "",
      languageId: document.languageId,
      line: position.line + 1,
      ...outcome,
    });
  }
}

function isCursorAt(document: vscode.TextDocument, position: vscode.Position): boolean {
  const editor = vscode.window.activeTextEditor;
  if (editor?.document !== document || !editor.selection.isEmpty) return false;
  return editor.selection.active.isEqual(position);
}
