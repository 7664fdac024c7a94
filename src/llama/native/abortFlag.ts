/**
 * Stops a pass in its middle. llama.cpp asks a function after every node of its graph, on a compute thread, where
 * JavaScript must not run; so what it asks is native: C's `strlen`, whose result of 0 or 1 for a string of no or one
 * byte is the `bool` that `ggml_abort_callback` returns.
 */
import type { LlamaFunctions, Pointer } from "./llamaFunctions.ts";

/** Of one context, which must be freed before it. */
export interface AbortFlag {
  /** For `llama_context_params`: `abort_callback` and `abort_callback_data`. */
  readonly callback: Pointer;
  readonly data: Pointer;
  /** Raises the flag when, or if, the signal is aborted, until what it returns is disposed. */
  follow(signal: AbortSignal): Disposable;
  free(): void;
}

export function createAbortFlag({ bytes, strlenAddress }: LlamaFunctions): AbortFlag {
  const data = bytes.allocate(2);
  bytes.write(data, 0, 0);
  bytes.write(data, 1, 0);
  return {
    callback: strlenAddress,
    data,
    follow(signal) {
      const raise = () => bytes.write(data, 0, 1);
      if (signal.aborted) raise();
      signal.addEventListener("abort", raise);
      return {
        [Symbol.dispose]() {
          signal.removeEventListener("abort", raise);
          bytes.write(data, 0, 0);
        },
      };
    },
    free: () => bytes.free(data),
  };
}
