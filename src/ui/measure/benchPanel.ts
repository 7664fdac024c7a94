/** The panel's side in the extension host: one webview, which is told what to show and asks for what it cannot do. */
import { randomBytes } from "node:crypto";
import * as vscode from "vscode";
import { messageOf } from "../../core/base/errors.ts";
import type { Log } from "../../core/base/log.ts";
import {
  type PanelRequest,
  type PanelState,
  parsePanelRequest,
  type ShowMessage,
} from "../../panel/messages/panelProtocol.ts";
import { benchPanelHtml } from "./benchPanelHtml.ts";

const { l10n } = vscode;

const VIEW_TYPE = "treeline.benchmark";

export interface BenchPanelOptions {
  readonly extensionUri: vscode.Uri;
  /** What the page asks for, besides being shown the report and telling that it cannot. */
  readonly onRequest: (request: PanelRequest) => void;
  readonly log: Log;
}

export class BenchPanel implements Disposable {
  readonly #options: BenchPanelOptions;
  #panel: vscode.WebviewPanel | undefined;
  #state: PanelState | undefined;

  constructor(options: BenchPanelOptions) {
    this.#options = options;
  }

  /** Opens the panel, or brings it to the front. */
  show(state: PanelState): void {
    this.#state = state;
    if (this.#panel === undefined) this.#panel = this.#open();
    else {
      this.#panel.reveal();
      this.#post();
    }
  }

  /** Shows something else where the panel is, if it is open. */
  update(state: PanelState): void {
    this.#state = state;
    this.#post();
  }

  [Symbol.dispose](): void {
    this.#panel?.dispose();
  }

  #open(): vscode.WebviewPanel {
    const dist = vscode.Uri.joinPath(this.#options.extensionUri, "dist");
    const panel = vscode.window.createWebviewPanel(
      VIEW_TYPE,
      l10n.t("Treeline Benchmark"),
      vscode.ViewColumn.Active,
      { enableScripts: true, enableFindWidget: true, localResourceRoots: [dist] },
    );
    const { webview } = panel;
    const subscriptions = [
      webview.onDidReceiveMessage((message: unknown) => this.#receive(message)),
      panel.onDidDispose(() => {
        this.#panel = undefined;
        for (const subscription of subscriptions) subscription.dispose();
      }),
    ];
    const uriOf = (name: string) =>
      webview.asWebviewUri(vscode.Uri.joinPath(dist, name)).toString();
    webview.html = benchPanelHtml({
      scriptUri: uriOf("benchPanel.js"),
      styleUri: uriOf("benchPanel.css"),
      cspSource: webview.cspSource,
      nonce: randomBytes(16).toString("base64url"),
    });
    return panel;
  }

  #receive(message: unknown): void {
    const { log, onRequest } = this.#options;
    let request: PanelRequest;
    try {
      request = parsePanelRequest(message);
    } catch (error) {
      log("warn", `panel request refused message=${JSON.stringify(messageOf(error))}`);
      return;
    }
    if (request.type === "ready") this.#post();
    else if (request.type === "failed") {
      log("error", `panel failed message=${JSON.stringify(request.message)}`);
    } else onRequest(request);
  }

  /** A page that is hidden gets nothing; it asks when it is shown again. */
  #post(): void {
    if (this.#panel === undefined || this.#state === undefined) return;
    const message: ShowMessage = { type: "show", state: this.#state };
    this.#panel.webview.postMessage(message).then(undefined, (error: unknown) => {
      this.#options.log("warn", `panel not told message=${JSON.stringify(messageOf(error))}`);
    });
  }
}
