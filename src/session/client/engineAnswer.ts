/** Requests over the channel: an AbortSignal becomes a cancel message, an error on the wire an EngineError. */
import {
  type CancellationToken,
  CancellationTokenSource,
  ResponseError,
} from "vscode-jsonrpc/node";
import { EngineError, messageOf } from "../../core/base/errors.ts";
import { ENGINE_ERROR, REQUEST_CANCELLED, type WireError } from "../../engine/protocol/protocol.ts";
import { abortable, abortError } from "../abort.ts";

export interface PendingAnswer<R> {
  /** The answer; rejects with the signal's reason as soon as that aborts, whether or not the engine has answered. */
  readonly result: Promise<R>;
  /** The engine's own answer, which comes after a cancel too. */
  readonly answer: Promise<R>;
}

/**
 * Sends a request that `signal` cancels.
 *
 * @param onDeath - the error for a request that cannot be answered any more, as the channel is closed.
 * @param onAnswer - called when the engine has answered or ended, whether or not the caller still waits.
 * @throws the signal's reason if it is aborted already.
 */
export function sendCancellable<R>(
  send: (token: CancellationToken) => Promise<R>,
  onDeath: () => Error,
  onAnswer: () => void,
  signal: AbortSignal,
): PendingAnswer<R> {
  signal.throwIfAborted();
  const source = new CancellationTokenSource();
  const cancel = () => source.cancel();
  signal.addEventListener("abort", cancel, { once: true });
  const answer = (async () => {
    try {
      return await send(source.token);
    } catch (error) {
      throw fromWire(error, onDeath);
    } finally {
      signal.removeEventListener("abort", cancel);
      onAnswer();
    }
  })();
  return { result: abortable(answer, signal), answer };
}

/** vscode-jsonrpc's code for requests that were pending when the connection was disposed. */
const PENDING_REJECTED = -32_097;

function fromWire(error: unknown, onDeath: () => Error): Error {
  // A connection that is closed already refuses with a class of its own.
  if (!(error instanceof ResponseError)) return onDeath();
  if (error.code === REQUEST_CANCELLED) return abortError("The request was cancelled.");
  if (error.code === ENGINE_ERROR) {
    const data = error.data as WireError | undefined;
    return new EngineError(data?.code ?? "internal", error.message);
  }
  if (error.code === PENDING_REJECTED) return onDeath();
  return new EngineError("internal", `The engine refused the request: ${messageOf(error)}`);
}
