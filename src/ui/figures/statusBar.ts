/** The status bar item: shows what `status.ts` renders. */
import * as vscode from "vscode";
import { renderStatus, type StatusState, TOOLTIP_COMMANDS } from "./status.ts";

/** A completion that is done sooner does not make the icon spin, in ms: most are, and it would flicker with each key. */
const WORKING_DELAY_MS = 300;

export class StatusBar implements Disposable {
  readonly #item: vscode.StatusBarItem;
  #state: StatusState | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isDisposed = false;

  constructor() {
    this.#item = vscode.window.createStatusBarItem("status", vscode.StatusBarAlignment.Right, 100);
    this.#item.name = "Treeline";
    this.#item.command = "treeline.showMenu";
  }

  show(state: StatusState): void {
    // What ends after the item does has still news of it.
    if (this.#isDisposed) return;
    const wasWorking = this.#state?.phase === "working";
    this.#state = state;
    if (state.phase !== "working") this.#cancelSpin();
    else if (!wasWorking) this.#timer = setTimeout(() => this.#spin(), WORKING_DELAY_MS);
    // Until the wait is over, other news does not show the work either.
    this.#render(this.#timer === undefined ? state : { ...state, phase: "ready" });
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#cancelSpin();
    this.#item.dispose();
  }

  #spin(): void {
    this.#timer = undefined;
    if (this.#state !== undefined) this.#render(this.#state);
  }

  #cancelSpin(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
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
