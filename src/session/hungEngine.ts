/** A native hang ends like a crash: it costs the request, and the next one gets a new engine. */
import type { EngineProcess } from "./engineProcess.ts";
import type { EngineSupervisorOptions } from "./engineSupervisor.ts";

/** @param answered - aborts with the engine's answer to a cancel. */
export function killUnlessAnswered(
  engine: EngineProcess,
  graceMs: number,
  { clock, log }: Pick<EngineSupervisorOptions, "clock" | "log">,
  answered: AbortSignal,
): void {
  clock.delay(graceMs, answered).then(
    () => {
      log("warn", `kill engine reason="no answer ${graceMs} ms after a cancel"`);
      engine.kill();
    },
    // Answered in time.
    () => {},
  );
}
