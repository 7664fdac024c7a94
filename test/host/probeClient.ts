/** Calls the probe extension, which runs functions inside VS Code's extension host. */
import { connect } from "node:net";
import type * as vscode from "vscode";

/** Runs in the extension host from its source text: it sees its two parameters and globals, nothing it closes over. */
export type HostFunction<A, R> = (api: typeof vscode, argument: A) => R | Promise<R>;

export interface ProbeReply<R> {
  /** Process id of the extension host. */
  readonly pid: number;
  readonly value: R;
}

function exchange(socketPath: string, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let reply = "";
    const socket = connect(socketPath, () => socket.end(request));
    socket.setEncoding("utf8");
    socket.on("data", (chunk) => {
      reply += chunk;
    });
    socket.on("error", reject);
    socket.on("end", () => resolve(reply));
  });
}

/**
 * Runs `run(vscode, argument)` in the extension host; argument and result travel as JSON.
 *
 * @throws Error with the stack of what was thrown there, or if no extension host listens.
 */
export async function callProbe<A, R>(
  socketPath: string,
  run: HostFunction<A, R>,
  argument: A,
): Promise<ProbeReply<R>> {
  const reply = await exchange(socketPath, JSON.stringify({ source: String(run), argument }));
  if (reply === "") throw new Error("The extension host ended during the call.");
  const parsed: ProbeReply<R> & { error?: string } = JSON.parse(reply);
  if (parsed.error !== undefined) throw new Error(`In the extension host: ${parsed.error}`);
  return parsed;
}
