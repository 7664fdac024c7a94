/**
 * How much to offload, and what to give up when memory is short: the draft model first, then layers, then the GPU.
 * The steps are data, so that the descent is tested without a GPU.
 */
import { EngineError, isAbortError } from "../../core/base/errors.ts";

/** One way to place the models. */
export interface OffloadStep {
  /** Layers of the target on the GPU. */
  readonly gpuLayers: number;
  readonly withDraft: boolean;
  /** What the user is told when this step was needed; empty for the first. */
  readonly notice: string;
}

/** Failures that less memory would have avoided; anything else is final. */
const MEMORY_CODES: readonly string[] = ["outOfMemory", "contextFailed"];

/**
 * The ladder from `gpuLayers` down to the CPU.
 * @param gpuLayers - layers that the memory estimate allows; 0 on the CPU backend.
 */
export function offloadLadder(gpuLayers: number, hasDraft: boolean): OffloadStep[] {
  const steps: OffloadStep[] = [{ gpuLayers, withDraft: hasDraft, notice: "" }];
  if (gpuLayers === 0) return steps;
  if (hasDraft) {
    steps.push({ gpuLayers, withDraft: false, notice: "the draft model was left out" });
  }
  for (let layers = Math.floor(gpuLayers / 2); layers > 0; layers = Math.floor(layers / 2)) {
    const notice = `only ${layers} of ${gpuLayers} layers are on the GPU, without draft model`;
    steps.push({ gpuLayers: layers, withDraft: false, notice });
  }
  steps.push({ gpuLayers: 0, withDraft: hasDraft, notice: "the models run on the CPU" });
  return steps;
}

/**
 * Opens at the first step that fits. `onNotice` is called once, with what had to be given up.
 * @throws the first failure that is not about memory, or the last one.
 */
export async function openWithStepDown<T>(
  steps: readonly OffloadStep[],
  open: (step: OffloadStep) => Promise<T>,
  onNotice: (message: string) => void,
): Promise<T> {
  let failure: unknown;
  for (const step of steps) {
    try {
      const opened = await open(step);
      if (step.notice !== "") {
        onNotice(
          `GPU memory was short: ${step.notice}. Choose smaller models or a smaller context.`,
        );
      }
      return opened;
    } catch (error) {
      failure = error;
      const isMemory = error instanceof EngineError && MEMORY_CODES.includes(error.code);
      if (isAbortError(error) || !isMemory) throw error;
    }
  }
  throw failure;
}
