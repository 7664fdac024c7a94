/**
 * What the extension and the benchmark panel say to each other. Both sides import it, so it knows neither `vscode` nor
 * the DOM. A page that was hidden is built anew and asks with `ready`; the extension answers with everything it shows.
 */
import * as v from "valibot";
import { benchReport } from "../../bench/speed/benchReport.ts";
import { listOf, problemOf, shapeOf } from "../../core/base/messageSchema.ts";

/** A setting that the figures speak for changing. Values as people read them. */
const recommendedChange = shapeOf({
  /** With its section, e.g. `treeline.speculation.enabled`. */
  setting: v.string(),
  now: v.string(),
  recommended: v.string(),
  reason: v.string(),
});
export type RecommendedChange = v.InferOutput<typeof recommendedChange>;

const panelState = shapeOf({
  report: benchReport,
  /** What was measured on, e.g. `treeline (120 files, 0.9 MB)`. */
  workspace: v.string(),
  changes: listOf(recommendedChange),
  /** Why other settings stay as they are. */
  findings: listOf(v.string()),
});
export type PanelState = v.InferOutput<typeof panelState>;

/** To the panel. */
const showMessage = shapeOf({ type: v.literal("show"), state: panelState });
export type ShowMessage = v.InferOutput<typeof showMessage>;

const exportFormat = v.picklist(["markdown", "json"]);
export type ExportFormat = v.InferOutput<typeof exportFormat>;

/** From the panel. */
const panelRequest = v.variant("type", [
  v.object({ type: v.literal("ready") }),
  v.object({ type: v.literal("export"), format: exportFormat }),
  v.object({ type: v.literal("apply") }),
  v.object({ type: v.literal("runAgain") }),
  /** The page could not show what it got. */
  v.object({ type: v.literal("failed"), message: v.string() }),
]);
export type PanelRequest = Readonly<v.InferOutput<typeof panelRequest>>;

/**
 * The message, once it proved to be one.
 * @throws TypeError naming the field that is wrong.
 */
export function parseShowMessage(value: unknown): ShowMessage {
  return proved(showMessage, value, "a message for the panel");
}

/**
 * The panel's request, once it proved to be one.
 * @throws TypeError naming the field that is wrong.
 */
export function parsePanelRequest(value: unknown): PanelRequest {
  return proved(panelRequest, value, "a request of the panel");
}

function proved<T>(schema: v.GenericSchema<unknown, T>, value: unknown, what: string): T {
  const problem = problemOf(schema, value);
  if (problem !== undefined) throw new TypeError(`Not ${what}: ${problem}.`);
  return value as T;
}
