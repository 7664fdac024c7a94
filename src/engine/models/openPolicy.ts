/** The policy of a loaded pair: t(n) from the file of earlier loads, or measured now. */

import { isAbortError, messageOf } from "../../core/base/errors.ts";
import type { Log } from "../../core/base/log.ts";
import { MeasuredPolicy } from "../../core/budget/measuredPolicy.ts";
import { type MeasuredPassCost, measurePassCost } from "../../core/budget/measurePassCost.ts";
import { PassCostTable } from "../../core/budget/passCost.ts";
import type { ModelPair } from "./modelHost.ts";
import { type PassCostKey, readPassCost, writePassCost } from "./passCostStore.ts";

/** Time for measuring, in ms; once per model, backend and number of threads. */
const MEASURE_MS = 800;

/** A policy, and the table of t(n) that it decides by and refines. */
export interface OpenedPolicy {
  readonly policy: MeasuredPolicy;
  readonly passCost: PassCostTable;
}

/**
 * Undefined without a path, and where measuring failed: then a usual number of nodes is verified.
 * @throws the signal's reason.
 */
export async function openPolicy(
  pair: ModelPair,
  path: string | undefined,
  log: Log,
  signal: AbortSignal,
): Promise<OpenedPolicy | undefined> {
  const cost = await openPassCost(pair, path, log, signal);
  if (cost === undefined) return undefined;
  const passCost = new PassCostTable(cost.points, pair.target.target.maxNodes);
  return { policy: new MeasuredPolicy(passCost), passCost };
}

/** t(n) as {@link openPolicy} uses it. @throws the signal's reason. */
export async function openPassCost(
  pair: ModelPair,
  path: string | undefined,
  log: Log,
  signal: AbortSignal,
): Promise<MeasuredPassCost | undefined> {
  if (path === undefined) return undefined;
  const key = keyOf(pair);
  const known = await readPassCost(path, key, log);
  if (known !== undefined) return known;
  try {
    const settings = { now: () => performance.now(), budgetMs: MEASURE_MS };
    const cost = await measurePassCost(pair.target.target, settings, signal);
    const cells = cost.points.map(({ numRows, ms }) => `${numRows}:${ms.toFixed(2)}`).join(" ");
    log("info", `pass-cost measured kv=${cost.kvLength} ms=${cells}`);
    // Where threads had to wait for cores meanwhile, the next load measures again.
    if (pair.target.target.numThreads === key.threads) await writePassCost(path, key, cost, log);
    return cost;
  } catch (error) {
    if (signal.aborted && isAbortError(error)) throw error;
    log("warn", `pass-cost not measured reason=${JSON.stringify(messageOf(error))}`);
    return undefined;
  }
}

function keyOf({ loaded }: ModelPair): PassCostKey {
  const { target, backend, deviceNames, llamaCppVersion, contextSize } = loaded;
  return {
    modelName: target.name,
    modelBytes: target.fileBytes,
    backend,
    devices: deviceNames,
    gpuLayers: target.gpuLayers,
    threads: target.numThreads,
    llamaCppVersion,
    contextSize,
  };
}
