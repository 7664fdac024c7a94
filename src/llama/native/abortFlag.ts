/**
 * Stops a pass in its middle. llama.cpp asks a function after every node of its graph, on a compute thread, where
 * JavaScript must not run; so what it asks is native: C's `strlen`, whose result of 0 or 1 for a string of no or one
 * byte is the `bool` that `ggml_abort_callback` returns.
 */
import koffi from "koffi";
import type { LlamaFunctions, Pointer } from "./llamaFunctions.ts";

/** Of one context, which must be freed before it. */
export function createAbortFlag({ strlenAddress }: LlamaFunctions) {
  const data = koffi.alloc("uint8", 2) as Pointer;
  const set = (byte: 0 | 1) => koffi.encode(data, 0, "uint8", byte);
  set(0);
  koffi.encode(data, 1, "uint8", 0);
  return {
    /** For `llama_context_params`: `abort_callback` and `abort_callback_data`. */
    callback: strlenAddress,
    data,
    /** Raises the flag when, or if, the signal is aborted, until what it returns is disposed. */
    follow(signal: AbortSignal): Disposable {
      const raise = () => set(1);
      if (signal.aborted) raise();
      signal.addEventListener("abort", raise);
      return {
        [Symbol.dispose]() {
          signal.removeEventListener("abort", raise);
          set(0);
        },
      };
    },
    free: () => koffi.free(data),
  };
}
