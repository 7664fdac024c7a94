/**
 * What the extension and the benchmark panel say to each other. Both sides import it, so it knows neither `vscode` nor
 * the DOM. A page that was hidden is built anew and asks with `ready`; the extension answers with everything it shows.
 */
import type { BenchReport } from "../../bench/speed/benchReport.ts";
import { checkBenchReport } from "./reportCheck.ts";
import { fieldsOf, isObject, isText, listOf, oneOf } from "./valueCheck.ts";

/** A setting that the figures speak for changing. Values as people read them. */
export interface RecommendedChange {
  /** With its section, e.g. `treeline.speculation.enabled`. */
  readonly setting: string;
  readonly now: string;
  readonly recommended: string;
  readonly reason: string;
}

export interface PanelState {
  readonly report: BenchReport;
  /** What was measured on, e.g. `treeline (120 files, 0.9 MB)`. */
  readonly workspace: string;
  readonly changes: readonly RecommendedChange[];
  /** Why other settings stay as they are. */
  readonly findings: readonly string[];
}

/** To the panel. */
export interface ShowMessage {
  readonly type: "show";
  readonly state: PanelState;
}

/** From the panel. */
export type PanelRequest =
  | { readonly type: "ready" }
  | { readonly type: "export"; readonly format: ExportFormat }
  | { readonly type: "apply" }
  | { readonly type: "runAgain" }
  /** The page could not show what it got. */
  | { readonly type: "failed"; readonly message: string };

export type ExportFormat = "markdown" | "json";

const checkState = fieldsOf<PanelState>({
  report: checkBenchReport,
  workspace: isText,
  changes: listOf(
    fieldsOf<RecommendedChange>({
      setting: isText,
      now: isText,
      recommended: isText,
      reason: isText,
    }),
  ),
  findings: listOf(isText),
});

const REQUEST_CHECKS = {
  ready: fieldsOf<object>({}),
  export: fieldsOf<{ format: ExportFormat }>({ format: oneOf("markdown", "json") }),
  apply: fieldsOf<object>({}),
  runAgain: fieldsOf<object>({}),
  failed: fieldsOf<{ message: string }>({ message: isText }),
} satisfies Record<PanelRequest["type"], unknown>;

/**
 * The message, once it proved to be one.
 * @throws TypeError naming the field that is wrong.
 */
export function parseShowMessage(value: unknown): ShowMessage {
  const problem =
    isObject(value) && value["type"] === "show"
      ? checkState(value["state"], "")
      : "the message is of no known type";
  if (problem !== undefined) throw new TypeError(`Not a message for the panel: ${problem}.`);
  return value as ShowMessage & object;
}

/**
 * The panel's request, once it proved to be one.
 * @throws TypeError naming the field that is wrong.
 */
export function parsePanelRequest(value: unknown): PanelRequest {
  const type = isObject(value) ? value["type"] : undefined;
  const check = Object.entries(REQUEST_CHECKS).find(([name]) => name === type)?.[1];
  const problem = check === undefined ? "its type is unknown" : check(value, "");
  if (problem !== undefined) throw new TypeError(`Not a request of the panel: ${problem}.`);
  return value as PanelRequest & object;
}
