/** Prompts of several places in one cache of the real tiny model: what is evaluated again, and what it gives. */
import { expect, test } from "vitest";
import { rootOnlyTree } from "../../../src/core/tree/draftTree.ts";
import { openContext } from "../../../src/llama/target/llamaContext.ts";
import { LlamaTarget } from "../../../src/llama/target/llamaTarget.ts";
import { expectHeldCells } from "../../support/heldCells.ts";
import { openTarget } from "../../support/models.ts";
import { NEVER } from "../../support/never.ts";

const NUM_COMPARED = 3000;
/** Of logits whose prompt was cut elsewhere, or whose cells lie elsewhere; see llamaTarget.test.ts. */
const TOLERANCE = 0.2;
const HEADER = Int32Array.from({ length: 64 }, (_, at) => 40 + ((at * 31) % 2900));

function promptOf(place: number, length = 500): Int32Array {
  const own = Int32Array.from(
    { length },
    (_, at) => 40 + ((place + at * (97 + 2 * place) + at * at) % 2900),
  );
  return Int32Array.of(...HEADER, ...own);
}

test("a place that the cursor comes back to is evaluated where it is new, and gives a fresh engine's logits", async () => {
  using opened = await openTarget(undefined, { contextSize: 2048 });
  const context = await openContext(opened.model, {
    contextSize: 2048,
    threads: { now: 1, most: 1 },
    backend: opened.model.library.backend,
  });
  let numRows = 0;
  let worst = 0;
  using target = new LlamaTarget({
    ...context,
    async decode(batch, count, signal) {
      numRows += count;
      return context.decode(batch, count, signal);
    },
  });
  const next = async (one: LlamaTarget): Promise<number[]> => {
    const logits = await one.evaluateTree(rootOnlyTree(7), NEVER);
    const row = Array.from({ length: NUM_COMPARED }, (_, token) => logits.logit(0, token));
    one.rewind();
    return row;
  };
  const fresh = async (prompt: Int32Array) => {
    await opened.target.prefill(new Int32Array(0), NEVER);
    await opened.target.prefill(prompt, NEVER);
    return next(opened.target);
  };
  const visit = async (prompt: Int32Array) => {
    numRows = 0;
    const numReused = await target.prefill(prompt, NEVER);
    expect(numRows).toBe(prompt.length - numReused);
    const row = await next(target);
    expectHeldCells(target);
    worst = Math.max(worst, largestDifference(row, await fresh(prompt)));
    expect(worst).toBeLessThanOrEqual(TOLERANCE);
    return numReused;
  };

  const prompts = [promptOf(1), promptOf(2), promptOf(3)];
  for (const [index, prompt] of prompts.entries()) {
    expect(await visit(prompt)).toBe(index === 0 ? 0 : HEADER.length);
  }
  for (const [turn, place] of [0, 1, 2, 1, 0].entries()) {
    const prompt = prompts[place]!;
    // Whatever is generated meanwhile.
    for (let token = 0; token < 5; token++) {
      await target.evaluateTree(rootOnlyTree(40 + token), NEVER);
      target.commit({ nodes: new Int32Array(0), bonusToken: 0 });
    }
    expect(await visit(prompt)).toBe(prompt.length);
    // What changes in the middle is evaluated, and what stands behind it.
    prompt[300] = 3000 + turn;
    expect(await visit(prompt)).toBe(300);
    expect(target.parkedLengths).toHaveLength(2);
  }
  process.stdout.write(`largest difference of a logit to a fresh evaluation: ${worst}\n`);
});

function largestDifference(some: readonly number[], others: readonly number[]): number {
  return some.reduce((most, value, index) => Math.max(most, Math.abs(value - others[index]!)), 0);
}
