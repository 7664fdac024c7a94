/** What a user did for the first time, told to VS Code, which checks off the walkthrough's steps by it (package.json). */
import * as vscode from "vscode";

export type Milestone = "hasModel" | "hasAccepted";

export class Milestones {
  readonly #reached = new Set<Milestone>();

  reached(milestone: Milestone): void {
    if (this.#reached.has(milestone)) return;
    this.#reached.add(milestone);
    void vscode.commands.executeCommand("setContext", `treeline.${milestone}`, true);
  }
}
