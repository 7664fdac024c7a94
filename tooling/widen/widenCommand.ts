/** `npm run widen`: a larger model that computes the same function. */
import { resolve } from "node:path";
import { CliError, EXIT_USAGE } from "../../src/cli/base/cliError.ts";
import type { CommandContext } from "../../src/cli/base/engineSession.ts";
import { EngineError } from "../../src/core/base/errors.ts";
import { type WidenedModel, widenModel } from "./widenModel.ts";
import type { WidenedType } from "./widenSource.ts";

export interface WidenCommandOptions {
  readonly width: number;
  readonly layers: number;
  readonly ffn: number;
  readonly type?: WidenedType;
  readonly output: string;
  readonly force?: boolean;
}

/** @throws CliError for dimensions that do not fit the model, EngineError for the model or the output. */
export async function widenCommand(
  model: string,
  options: WidenCommandOptions,
  { terminal, workingFolder }: Pick<CommandContext, "terminal" | "workingFolder">,
  signal: AbortSignal,
): Promise<void> {
  const start = performance.now();
  let shownPercent = -1;
  try {
    const widened = await widenModel(
      resolve(workingFolder, model),
      resolve(workingFolder, options.output),
      {
        width: options.width,
        numLayers: options.layers,
        ffnWidth: options.ffn,
        type: options.type,
        overwrite: options.force,
        onProgress: (fraction) => {
          const percent = Math.floor(fraction * 100);
          if (percent === shownPercent) return;
          shownPercent = percent;
          terminal.progress(`writing ${options.output} ${percent} %`);
        },
        signal,
      },
    );
    terminal.progress("");
    terminal.out(`${summary(options.output, widened, performance.now() - start)}\n`);
  } catch (error) {
    if (error instanceof EngineError && error.code === "invalidRequest")
      throw new CliError(error.message, EXIT_USAGE);
    throw error;
  } finally {
    terminal.progress("");
  }
}

function summary(output: string, { shape, numParameters, fileBytes }: WidenedModel, ms: number) {
  const { width, numLayers, ffnWidth, numHeads, numKvHeads, headLength, type } = shape;
  return (
    `${output}: ${(numParameters / 1e6).toFixed(1)} M parameters, ` +
    `${numLayers} layers, width ${width}, ${numHeads} heads of ${headLength} (${numKvHeads} KV), ` +
    `ffn ${ffnWidth}, ${type.toUpperCase()}, ${(fileBytes / 1e6).toFixed(1)} MB in ${(ms / 1000).toFixed(1)} s`
  );
}
