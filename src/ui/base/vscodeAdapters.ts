/** Where VS Code's types end: beyond this file there are AbortSignal, Log and Disposable. */
import type * as vscode from "vscode";
import { foreignText } from "../../core/base/foreignText.ts";
import type { Log } from "../../core/base/log.ts";

/** A signal that aborts with the token; dispose it when the work is over. */
export function signalOf(token: vscode.CancellationToken) {
  const controller = new AbortController();
  if (token.isCancellationRequested) controller.abort();
  const subscription = token.onCancellationRequested(() => controller.abort());
  return { signal: controller.signal, [Symbol.dispose]: () => void subscription.dispose() };
}

/** Of a line of the log, in UTF-16 units. */
const MAX_LINE_LENGTH = 4_000;

/** The output channel decides by its own level what is shown. An event is one line, whatever it quotes. */
export function logTo(channel: vscode.LogOutputChannel): Log {
  return (level, message) => channel[level](foreignText(message, MAX_LINE_LENGTH));
}

/** For `context.subscriptions`. */
export function toVscode(disposable: Disposable): vscode.Disposable {
  return { dispose: () => disposable[Symbol.dispose]() };
}
