/** *Why No Suggestion?* as Markdown: what stands in the way now, and the last decisions with their remedies. Pure. */
import { l10n } from "vscode";
import { byteText } from "../../core/base/byteText.ts";
import { markdownText } from "../../core/base/foreignText.ts";
import type { AskedReason } from "../base/config.ts";
import type { EngineStatus, Phase } from "../figures/status.ts";
import { SLOW_FIRST_LINE_MS } from "../lifecycle/firstLineWatch.ts";
import type { Decision, DecisionReason } from "./decisionLog.ts";
import type { EditorFacts } from "./editorFacts.ts";

const REMEDIES: Readonly<Record<DecisionReason, string>> = {
  offered: "",
  off: l10n.t("Run *Treeline: Toggle Suggestions*."),
  languageOff: l10n.t("Run *Treeline: Toggle Suggestions for This Language*."),
  notServed: l10n.t("Suggestions are for documents that you write."),
  severalCursors: l10n.t("Suggestions need a single cursor."),
  cancelled: l10n.t("Nothing to do: VS Code cancels while you type."),
  superseded: l10n.t("Nothing to do: you typed on."),
  notAsked: l10n.t("Run *Treeline: Trigger Suggestion*; above stands why."),
  noModel: l10n.t("Run *Treeline: Select Model Files*, or wait until loading is done."),
  busy: l10n.t("Nothing to do: suggestions come back by themselves."),
  engineFailed: l10n.t("See *Treeline: Show Log*, then *Treeline: Restart Engine*."),
  rejected: l10n.t("Nothing to do: the completion would not have helped."),
  unsure: l10n.t(
    "*Treeline: Trigger Suggestion* shows it; `treeline.suggestion.minConfidence` sets how sure it must be.",
  ),
  empty: l10n.t("Nothing to do: the model ends here. A larger model may have more to say."),
  internalError: l10n.t("See *Treeline: Show Log*; this is a fault of Treeline."),
};

const SLOW = l10n.t("Late. A smaller model or a GPU is faster; see *Treeline: Run Benchmark*.");

const WORDS: Readonly<Record<DecisionReason, string>> = {
  offered: l10n.t("offered"),
  off: l10n.t("Treeline is off"),
  languageOff: l10n.t("off for this language"),
  notServed: l10n.t("not a document to complete"),
  severalCursors: l10n.t("several cursors"),
  cancelled: l10n.t("cancelled"),
  superseded: l10n.t("superseded"),
  notAsked: l10n.t("not asked for"),
  noModel: l10n.t("no model"),
  busy: l10n.t("busy"),
  engineFailed: l10n.t("engine failed"),
  rejected: l10n.t("rejected"),
  unsure: l10n.t("not sure enough"),
  empty: l10n.t("empty"),
  internalError: l10n.t("internal error"),
};

const ASKED_REASONS: Readonly<Record<AskedReason, string>> = {
  paused: l10n.t(
    "Suggestions are paused in this window: they come only when asked (*Treeline: Trigger Suggestion*). " +
      "Run *Treeline: Pause or Resume Suggestions in This Window*.",
  ),
  manual: l10n.t(
    '`treeline.suggestion.trigger` is "manual": suggestions come only when asked (*Treeline: Trigger Suggestion*). ' +
      "Run *Treeline: Suggest as You Type, or Only When Asked*.",
  ),
  demonstration: l10n.t(
    "The bundled model is a demonstration and suggests only when asked: run *Treeline: Trigger Suggestion*. " +
      "A model of yours suggests as you type (*Treeline: Select Model Files*), and so does the bundled one if " +
      "`treeline.suggestion.demonstration` is true.",
  ),
};

const PHASES: Readonly<Record<Phase, string>> = {
  off: l10n.t("Suggestions are switched off. Run *Treeline: Toggle Suggestions*."),
  starting: l10n.t("The engine is starting."),
  loading: l10n.t("The models are being loaded."),
  ready: l10n.t("The engine is ready."),
  working: l10n.t("The engine is completing."),
  asleep: l10n.t(
    "Nobody asked for a while, so the models left memory. They come back with the next suggestion.",
  ),
  recovering: l10n.t("The engine stopped unexpectedly; it starts again with the next suggestion."),
  failed: l10n.t(
    "The engine cannot work. Run *Treeline: Select Model Files* or *Treeline: Restart Engine*.",
  ),
};

export function noSuggestionReport(
  status: EngineStatus,
  facts: EditorFacts,
  decisions: readonly Decision[],
): string {
  return [
    l10n.t("# Why No Suggestion?"),
    l10n.t("## Now"),
    ...findings(status, facts).map((finding) => `- ${finding}`),
    "",
    l10n.t("## Last decisions"),
    ...(decisions.length === 0
      ? [
          l10n.t(
            "VS Code has not asked for a suggestion yet. Type in a file, or run *Treeline: Trigger Suggestion*.",
          ),
        ]
      : decisionTable(decisions)),
    "",
  ].join("\n");
}

function findings(status: EngineStatus, facts: EditorFacts): string[] {
  const { phase, detail, models, alsoLoadedBytes } = status;
  const found = [PHASES[phase]];
  if (detail !== undefined) found.push(markdownText(detail));
  if (models !== undefined) {
    const draft =
      models.draft === undefined
        ? l10n.t("no draft model")
        : l10n.t("draft {0}", models.draft.name);
    found.push(
      markdownText(
        l10n.t(
          "Models: {0}, {1}, on {2}, context {3} tokens.",
          models.target.name,
          draft,
          models.backend,
          models.contextSize,
        ),
      ),
      ...models.notices.map(markdownText),
    );
  }
  if (alsoLoadedBytes > 0) {
    const size = byteText(alsoLoadedBytes);
    found.push(l10n.t("Another window has models loaded too: {0} more in memory.", size));
  }
  if (facts.askedReason !== undefined) found.push(ASKED_REASONS[facts.askedReason]);
  if (!facts.inlineSuggestEnabled) {
    found.push(
      l10n.t(
        "`editor.inlineSuggest.enabled` is false: VS Code shows no ghost text. Set it to true.",
      ),
    );
  }
  if (facts.languageId === undefined) found.push(l10n.t("No text editor is active."));
  else if (facts.isLanguageOff) {
    found.push(
      l10n.t(
        "`treeline.suggestion.languages` is false for {0}. Run *Treeline: Toggle Suggestions for This Language*.",
        markdownText(facts.languageId),
      ),
    );
  }
  found.push(
    ...facts.hidingSettings.map((setting) =>
      l10n.t("`{0}` can hide suggestions at times.", setting),
    ),
    ...facts.rivals.map((name) =>
      l10n.t(
        "{0} is active. VS Code shows the first extension that answers; switch one of them off for this language.",
        markdownText(name),
      ),
    ),
  );
  if (!facts.isTrusted) {
    found.push(
      l10n.t("The workspace is in Restricted Mode: its own settings of Treeline are ignored."),
    );
  }
  return found;
}

function decisionTable(decisions: readonly Decision[]): string[] {
  return [
    l10n.t("| Time | Place | Outcome | Detail | Remedy |"),
    "|---|---|---|---|---|",
    ...decisions.map((decision) => {
      const { at, document, languageId, line, reason } = decision;
      const place = `${document}:${line} (${languageId})`;
      const cells = [timeOf(at), place, WORDS[reason], detailOf(decision)].map(markdownText);
      return `| ${[...cells, remedyOf(decision)].join(" | ")} |`;
    }),
  ];
}

function remedyOf({ reason, latencyMs = 0 }: Decision): string {
  if (reason === "offered" && latencyMs > SLOW_FIRST_LINE_MS) return SLOW;
  return REMEDIES[reason];
}

function detailOf({ detail, origin, latencyMs }: Decision): string {
  if (origin === undefined) return detail ?? "";
  return `${origin}, ${(latencyMs ?? 0).toFixed(0)} ms`;
}

function timeOf(at: Date): string {
  return at.toTimeString().slice(0, 8);
}
