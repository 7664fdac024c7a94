import type { EngineState } from "../../session/client/engineClient.ts";
import type { Phase } from "../figures/status.ts";

/** What the status bar says of an engine that is left as it is. */
export const PHASES: Readonly<Record<EngineState, Phase>> = {
  stopped: "starting",
  starting: "starting",
  loading: "loading",
  ready: "ready",
  working: "working",
  restarting: "recovering",
  failed: "failed",
};
