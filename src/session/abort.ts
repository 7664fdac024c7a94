/** Cancellation between promises: what vscode-jsonrpc's tokens and plain promises lack of an AbortSignal. */

/** A cancellation that no caller's signal asked for: replaced, restarted, disposed. */
export function abortError(message: string): DOMException {
  return new DOMException(message, "AbortError");
}

/** Settles as `promise` does, or rejects with the signal's reason if that comes first; the work behind it goes on. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
