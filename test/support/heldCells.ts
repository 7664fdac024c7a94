import { expect } from "vitest";
import type { LlamaTarget } from "../../src/llama/target/llamaTarget.ts";

/** Each sequence holds in llama.cpp what the target believes it holds, and the trunk what is committed. */
export function expectHeldCells(target: LlamaTarget): void {
  const { heldLengths } = target;
  expect(heldLengths[0]).toBe(target.kvLength);
  const last = Array.from(heldLengths, (_, id) => target.lastPosition(id));
  expect(last).toEqual(Array.from(heldLengths, (held) => held - 1));
}
