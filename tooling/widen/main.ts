/** `npm run widen`: writes a larger model that computes the same function, to measure speculation with. */
import { Command, Option } from "commander";
import { runProgram } from "../../src/cli/base/runProgram.ts";
import { positiveInteger } from "../../src/cli/optionValues.ts";
import { type WidenCommandOptions, widenCommand } from "./widenCommand.ts";
import { WIDENED_TYPES } from "./widenSource.ts";

await runProgram(import.meta.url, (context, signal) =>
  new Command("widen")
    .description(
      "write a larger GGUF that computes the same function: a costly target to measure with",
    )
    .argument("<model>", "GGUF model, architecture llama or qwen2, of Q8_0, F16 or F32 weights")
    .requiredOption("--width <number>", "elements of the residual stream", positiveInteger)
    .requiredOption("--layers <number>", "layers; those added change nothing", positiveInteger)
    .requiredOption("--ffn <number>", "elements inside a feed-forward layer", positiveInteger)
    .addOption(
      new Option("--type <type>", "type of the weights; the model's own if absent").choices(
        WIDENED_TYPES,
      ),
    )
    .requiredOption("-o, --output <gguf>", "file to write")
    .option("--force", "replace the file if it is there")
    .exitOverride()
    .configureOutput({ writeErr: (text) => context.terminal.notes(text) })
    .action((model: string, options: WidenCommandOptions) =>
      widenCommand(model, options, context, signal),
    ),
);
