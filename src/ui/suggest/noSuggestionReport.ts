/** *Why No Suggestion?* as Markdown: what stands in the way now, and the last decisions with their remedies. Pure. */
import { markdownText } from "../../core/base/foreignText.ts";
import { type EngineStatus, formatBytes, type Phase } from "../figures/status.ts";
import type { Decision, DecisionReason } from "./decisionLog.ts";

/** What can keep ghost text away besides Treeline. Absent means unknown. */
export interface EditorFacts {
  /** Of the active editor; absent if there is none. */
  readonly languageId?: string;
  readonly isLanguageOff: boolean;
  /** The demonstration model waits to be asked. */
  readonly onlyWhenAsked: boolean;
  readonly inlineSuggestEnabled: boolean;
  /** Settings of the editor that hide suggestions at times, as `name: value`. */
  readonly hidingSettings: readonly string[];
  /** Other extensions that offer inline suggestions and are active. */
  readonly rivals: readonly string[];
  readonly isTrusted: boolean;
}

const REMEDIES: Readonly<Record<DecisionReason, string>> = {
  offered: "",
  off: "Run *Treeline: Toggle Suggestions*.",
  languageOff: "Run *Treeline: Toggle Suggestions for This Language*.",
  notServed: "Suggestions are for documents that you write.",
  severalCursors: "Suggestions need a single cursor.",
  cancelled: "Nothing to do: VS Code cancels while you type.",
  superseded: "Nothing to do: you typed on.",
  notAsked: "Run *Treeline: Trigger Suggestion*, or *Treeline: Select Model Files*.",
  noModel: "Run *Treeline: Select Model Files*, or wait until loading is done.",
  engineFailed: "See *Treeline: Show Log*, then *Treeline: Restart Engine*.",
  rejected: "Nothing to do: the completion would not have helped.",
  empty: "Nothing to do: the model ends here. A larger model may have more to say.",
  internalError: "See *Treeline: Show Log*; this is a fault of Treeline.",
};

const WORDS: Readonly<Record<DecisionReason, string>> = {
  offered: "offered",
  off: "Treeline is off",
  languageOff: "off for this language",
  notServed: "not a document to complete",
  severalCursors: "several cursors",
  cancelled: "cancelled",
  superseded: "superseded",
  notAsked: "not asked for",
  noModel: "no model",
  engineFailed: "engine failed",
  rejected: "rejected",
  empty: "empty",
  internalError: "internal error",
};

const PHASES: Readonly<Record<Phase, string>> = {
  off: "Suggestions are switched off. Run *Treeline: Toggle Suggestions*.",
  starting: "The engine is starting.",
  loading: "The models are being loaded.",
  ready: "The engine is ready.",
  working: "The engine is completing.",
  recovering: "The engine stopped unexpectedly; it starts again with the next suggestion.",
  failed:
    "The engine cannot work. Run *Treeline: Select Model Files* or *Treeline: Restart Engine*.",
};

export function noSuggestionReport(
  status: EngineStatus,
  facts: EditorFacts,
  decisions: readonly Decision[],
): string {
  return [
    "# Why No Suggestion?",
    "## Now",
    ...findings(status, facts).map((finding) => `- ${finding}`),
    "",
    "## Last decisions",
    ...(decisions.length === 0
      ? [
          "VS Code has not asked for a suggestion yet. Type in a file, or run *Treeline: Trigger Suggestion*.",
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
    const draft = models.draft === undefined ? "no draft model" : `draft ${models.draft.name}`;
    found.push(
      `Models: ${markdownText(models.target.name)}, ${markdownText(draft)}, on ${models.backend}, ` +
        `context ${models.contextSize} tokens.`,
      ...models.notices.map(markdownText),
    );
  }
  if (alsoLoadedBytes > 0) {
    found.push(
      `Another window has models loaded too: ${formatBytes(alsoLoadedBytes)} more in memory.`,
    );
  }
  if (facts.onlyWhenAsked) {
    found.push(
      "The bundled model is a demonstration and suggests only when asked: run *Treeline: Trigger Suggestion*. " +
        "A model of yours suggests as you type (*Treeline: Select Model Files*), and so does the bundled one if " +
        "`treeline.suggestion.demonstration` is true.",
    );
  }
  if (!facts.inlineSuggestEnabled) {
    found.push(
      "`editor.inlineSuggest.enabled` is false: VS Code shows no ghost text. Set it to true.",
    );
  }
  if (facts.languageId === undefined) found.push("No text editor is active.");
  else if (facts.isLanguageOff) {
    found.push(
      `\`treeline.enable\` is false for ${markdownText(facts.languageId)}. Run *Treeline: Toggle Suggestions for This Language*.`,
    );
  }
  found.push(
    ...facts.hidingSettings.map((setting) => `\`${setting}\` can hide suggestions at times.`),
    ...facts.rivals.map(
      (name) =>
        `${markdownText(name)} is active. VS Code shows the first extension that answers; switch one of them off for this language.`,
    ),
  );
  if (!facts.isTrusted) {
    found.push("The workspace is in Restricted Mode: its own settings of Treeline are ignored.");
  }
  return found;
}

function decisionTable(decisions: readonly Decision[]): string[] {
  return [
    "| Time | Place | Outcome | Detail | Remedy |",
    "|---|---|---|---|---|",
    ...decisions.map((decision) => {
      const { at, document, languageId, line, reason } = decision;
      const place = `${document}:${line} (${languageId})`;
      const cells = [timeOf(at), place, WORDS[reason], detailOf(decision)].map(markdownText);
      return `| ${[...cells, REMEDIES[reason]].join(" | ")} |`;
    }),
  ];
}

function detailOf({ detail, origin, latencyMs }: Decision): string {
  if (origin === undefined) return detail ?? "";
  return `${origin}, ${(latencyMs ?? 0).toFixed(0)} ms`;
}

function timeOf(at: Date): string {
  return at.toTimeString().slice(0, 8);
}
