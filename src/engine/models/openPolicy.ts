/** The policy of a loaded pair: t(n) from the file of earlier loads, or measured now. */

import { isAbortError, messageOf } from "../../core/base/errors.ts";
import type { Log } from "../../core/base/log.ts";
import { MeasuredPolicy } from "../../core/budget/measuredPolicy.ts";
import { measurePassCost } from "../../core/budget/measurePassCost.ts";
import { PassCostTable } from "../../core/budget/passCost.ts";
import type { ModelPair } from "./modelHost.ts";
import { passCostKey, readPassCost, writePassCost } from "./passCostStore.ts";

/** Time for measuring, in ms; once per model, backend and number of threads. */
const MEASURE_MS = 800;

/**
 * The policy, and the table of t(n) that it decides by and refines. Undefined without a path, and where measuring failed: then a
 * usual number of nodes is verified.
 * @throws the signal's reason.
 */
export async function openPolicy(
  pair: ModelPair,
  path: string | undefined,
  log: Log,
  signal: AbortSignal,
) {
  if (path === undefined) return undefined;
  const { target } = pair.target;
  const key = passCostKey(pair.loaded);
  let cost = await readPassCost(path, key, log);
  try {
    if (cost === undefined) {
      const settings = { now: () => performance.now(), budgetMs: MEASURE_MS };
      cost = await measurePassCost(target, settings, signal);
      const cells = cost.points.map(({ numRows, ms }) => `${numRows}:${ms.toFixed(2)}`).join(" ");
      log("info", `pass-cost measured kv=${cost.kvLength} ms=${cells}`);
      // Where threads had to wait for cores meanwhile, the next load measures again.
      if (target.numThreads === key.threads) await writePassCost(path, key, cost, log);
    }
  } catch (error) {
    if (signal.aborted && isAbortError(error)) throw error;
    log("warn", `pass-cost not measured reason=${JSON.stringify(messageOf(error))}`);
    return undefined;
  }
  const passCost = new PassCostTable(cost.points, target.maxNodes);
  return { policy: new MeasuredPolicy(passCost), passCost };
}
