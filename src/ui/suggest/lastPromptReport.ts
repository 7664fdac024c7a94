/** *Show Last Prompt* as plain text: what the model saw, and the share of each part. Pure. */
import { l10n } from "vscode";
import { foreignText } from "../../core/base/foreignText.ts";
import { PART_NAMES, PROMPT_PARTS } from "../../core/prompt/promptShares.ts";
import type { LastPrompt } from "../../engine/protocol/promptMessages.ts";

export function lastPromptReport(prompt: LastPrompt | undefined): string {
  if (prompt === undefined) {
    return l10n.t(
      "There was no suggestion since the models were loaded, so no prompt. Type in a file, or run Treeline: Trigger Suggestion.\n",
    );
  }
  const { text, shares, filePath } = prompt;
  const total = PROMPT_PARTS.reduce((sum, part) => sum + shares[part], 0);
  const rows = PROMPT_PARTS.filter((part) => shares[part] > 0).map((part) => {
    const share = `${((100 * shares[part]) / total).toFixed(0)} %`;
    return `${String(shares[part]).padStart(7)} ${share.padStart(6)}  ${PART_NAMES[part]}`;
  });
  const stays = l10n.t("It stays on this machine, in memory, until the next one.");
  const length =
    filePath === undefined
      ? l10n.t("The last prompt: {0} tokens.", total)
      : l10n.t("The last prompt in {0}: {1} tokens.", foreignText(filePath), total);
  return [
    `${length} ${stays}`,
    ...rows,
    l10n.t(
      "Markers are written as the model's vocabulary names them; what follows this line is the prompt.",
    ),
    "-".repeat(80),
    text,
  ].join("\n");
}
