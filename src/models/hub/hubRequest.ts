/**
 * The only door to the network in Treeline, and it opens when a user asks for a model. Requests go by Node's own `http` and
 * `https`: in the extension host VS Code has put the user's proxies and certificates into them.
 */

import type { Agent, IncomingMessage } from "node:http";
// biome-ignore lint/style/useNodejsImportProtocol: VS Code's proxies stand behind exactly this name.
import * as http from "http";
// biome-ignore lint/style/useNodejsImportProtocol: as above.
import * as https from "https";

export interface HubResponse {
  readonly status: number;
  /** By lower-case name. */
  readonly header: (name: string) => string | undefined;
  /** Ends early with an error where the connection does. Destroy it if it is not read to its end. */
  readonly body: IncomingMessage;
}

/** One request, redirects not followed. Rejects where no answer comes; aborts with the signal's reason. */
export type HubRequest = (
  url: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
) => Promise<HubResponse>;

/** A proxy opened no tunnel: whatever it answered is its own, and nothing of the hub's. */
export class NoTunnelError extends Error {
  readonly status: number;

  constructor(url: URL, status: number) {
    super(`expected the proxy to open a tunnel to ${url.host}, found its answer ${status}`);
    this.name = "NoTunnelError";
    this.status = status;
  }
}

/**
 * @param silenceMs - a connection that brings nothing for so long is given up.
 * @param agentFor - the proxy of an address, where VS Code does not see to it.
 */
export function createHubRequest(
  silenceMs: number,
  agentFor: (url: URL, signal: AbortSignal) => Agent | undefined = () => undefined,
): HubRequest {
  return (url, headers, signal) =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const { request } = url.protocol === "https:" ? https : http;
      const connecting = new AbortController();
      const agent = agentFor(url, connecting.signal);
      const sent = request(url, {
        // A compressed answer would have other bytes at each place.
        headers: { "Accept-Encoding": "identity", "User-Agent": "treeline", ...headers },
        ...(agent === undefined ? {} : { agent }),
      });
      let received: IncomingMessage | undefined;
      const end = (reason: Error) => {
        settle();
        // At once: a request that waits for its connection says nothing when it is destroyed.
        reject(reason);
        connecting.abort(reason);
        received?.destroy(reason);
        sent.destroy(reason);
      };
      const silence = () => end(new Error(`nothing came for ${Math.round(silenceMs / 1000)} s`));
      // The request's own begins with a connection, and not every proxy comes to give one.
      const unanswered = setTimeout(silence, silenceMs);
      sent.setTimeout(silenceMs, silence);
      const abort = () => end(signal.reason);
      signal.addEventListener("abort", abort, { once: true });
      const settle = () => {
        clearTimeout(unanswered);
        signal.removeEventListener("abort", abort);
      };
      sent.once("close", settle);
      sent.on("error", reject);
      // The agent would hand on a proxy's refusal as if the hub had answered.
      sent.once("proxyConnect", ({ statusCode = 0 }: { readonly statusCode?: number }) => {
        unanswered.refresh();
        if (statusCode !== 200) end(new NoTunnelError(url, statusCode));
      });
      sent.once("response", (body) => {
        clearTimeout(unanswered);
        received = body;
        const header = (name: string) => {
          const value = body.headers[name];
          return Array.isArray(value) ? value[0] : value;
        };
        // Whoever reads the body gets this; whoever does not must not end the process by it.
        body.on("error", () => {});
        resolve({ status: body.statusCode ?? 0, header, body });
      });
      sent.end();
    });
}
