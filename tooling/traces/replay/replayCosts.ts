/** What a replay takes passes and drafts to cost: as recorded, or as on a device with flat rows. */

import { type PassCostPoint, PassCostTable } from "../../../src/core/budget/passCost.ts";
import type { DraftSource } from "../../../src/core/tree/draftTree.ts";
import type { TraceHeader } from "../trace/trace.ts";
import type { ModelledCost } from "./modelledTime.ts";

export interface ModelCosts {
  /** Ascending by rows, from one. */
  readonly passMs: readonly PassCostPoint[];
  readonly promptTokenMs: number;
}

export interface ReplayCosts {
  /** In words. */
  readonly name: string;
  readonly target: ModelCosts;
  readonly draft: ModelCosts;
  /** Of a draft, in ms; what is not named costs nothing. A draft model's passes come on top. */
  readonly drafterMs: Partial<Readonly<Record<DraftSource, number>>>;
  /** Drafted nodes of a pass where no policy decides. */
  readonly unionNodes: number;
}

/** What drafts take on two cores with a workspace of 100,000 tokens, in ms; their learning included. */
const DRAFTER_MS = { suffixMatch: 0.05, recycling: 0.2, workspace: 0.2, draftModel: 0.05 } as const;
/** What the product verifies on a CPU where t(n) is not known (`engine/complete/draftSetup.ts`). */
const CPU_UNION_NODES = 3;
/** Rows up to here are of a device's width; more than a device ever computes at once. */
const MAX_ROWS = 256;
/** A draft model beside a target on a device with flat rows. */
const FLAT_DRAFT_SHARE = 0.1;

/** As on the machine of the recording. */
export function recordedCosts({ target, draft, machine }: TraceHeader): ReplayCosts {
  const { passMs, promptTokenMs } = target;
  return {
    name: `as recorded (${machine})`,
    target: { passMs, promptTokenMs },
    draft: draft ?? { passMs, promptTokenMs },
    drafterMs: DRAFTER_MS,
    unionNodes: CPU_UNION_NODES,
  };
}

/** The same with a draft model at this share of the target: its rows cost among each other what the target's do. */
export function withDraftShare(costs: ReplayCosts, share: number): ReplayCosts {
  const { passMs, promptTokenMs } = costs.target;
  return {
    ...costs,
    name: `${costs.name.split(", draft model")[0]}, draft model at ${share} of the target`,
    draft: {
      passMs: passMs.map(({ numRows, ms }) => ({ numRows, ms: share * ms })),
      promptTokenMs: share * promptTokenMs,
    },
  };
}

/** Passes of up to `numRows` rows cost the same, larger ones their share; the draft model a tenth of that. */
export function flatCosts({ target }: TraceHeader, numRows: number): ReplayCosts {
  const rowMs = target.passMs[0]!.ms;
  const model: ModelCosts = {
    passMs: [
      { numRows: 1, ms: rowMs },
      { numRows, ms: rowMs },
      { numRows: MAX_ROWS, ms: (rowMs * MAX_ROWS) / numRows },
    ],
    promptTokenMs: rowMs / numRows,
  };
  const name = `${numRows} rows as one`;
  const costs = {
    name,
    target: model,
    draft: model,
    drafterMs: DRAFTER_MS,
    unionNodes: numRows - 1,
  };
  return withDraftShare(costs, FLAT_DRAFT_SHARE);
}

/** @throws RangeError for a t(n) that is none. */
export function costTable({ passMs }: ModelCosts, maxRows: number): PassCostTable {
  return new PassCostTable(passMs, maxRows);
}

/** @throws RangeError for a t(n) that is none. */
export function modelledCost(costs: ModelCosts, maxRows: number): ModelledCost {
  // A table of its own: that of a policy follows what it is told.
  const table = costTable(costs, maxRows);
  return { passMs: (numRows) => table.ms(numRows), promptTokenMs: costs.promptTokenMs };
}
