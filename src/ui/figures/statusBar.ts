/** The status bar item: shows what `status.ts` renders. */
import * as vscode from "vscode";
import { renderStatus, type StatusState, TOOLTIP_COMMANDS } from "./status.ts";

/** A completion that is done sooner does not make the icon spin, in ms. */
const WORKING_DELAY_MS = 150;

export class StatusBar implements Disposable {
  readonly #item: vscode.StatusBarItem;
  #timer: NodeJS.Timeout | undefined;

  constructor() {
    this.#item = vscode.window.createStatusBarItem("status", vscode.StatusBarAlignment.Right, 100);
    this.#item.name = "Treeline";
    this.#item.command = "treeline.showMenu";
  }

  show(state: StatusState): void {
    clearTimeout(this.#timer);
    if (state.phase === "working") {
      this.#render({ ...state, phase: "ready" });
      this.#timer = setTimeout(() => this.#render(state), WORKING_DELAY_MS);
    } else this.#render(state);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#item.dispose();
  }

  #render(state: StatusState): void {
    const { text, tooltip, color, label } = renderStatus(state);
    const markdown = new vscode.MarkdownString(tooltip, true);
    markdown.isTrusted = { enabledCommands: TOOLTIP_COMMANDS };
    this.#item.text = text;
    this.#item.tooltip = markdown;
    this.#item.backgroundColor =
      color === "none" ? undefined : new vscode.ThemeColor(`statusBarItem.${color}Background`);
    this.#item.accessibilityInformation = { label };
    this.#item.show();
  }
}
