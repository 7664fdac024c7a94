/** Entry of the command line: options, signals, exit codes. */
import { Command, Option } from "commander";
import { ALL_CONFIGS } from "../bench/base/benchConfigNames.ts";
import { GPU_CHOICES } from "../core/base/backend.ts";
import { MAX_SUGGESTIONS, SUGGESTION_PROPOSERS } from "../engine/protocol/suggestionMessages.ts";
import type { CommandContext, ModelOptions } from "./base/engineSession.ts";
import { runProgram } from "./base/runProgram.ts";
import { VERSION } from "./base/version.ts";
import { CONTEXT_CHOICES } from "./bench/accuracyPrompt.ts";
import { benchCommand, DEFAULT_SEED, SUITE_NAMES, type SuiteName } from "./bench/benchCommand.ts";
import type { BenchOptions } from "./bench/benchSuite.ts";
import { type CompleteOptions, completeCommand } from "./complete/completeCommand.ts";
import { demoCommand } from "./demo/demoCommand.ts";
import { createModelsCommand } from "./models/modelsCommand.ts";
import {
  configNames,
  minuteCount,
  namedServer,
  positiveInteger,
  promptArms,
  suggestionCount,
} from "./optionValues.ts";

function withModelOptions(command: Command): Command {
  return command
    .option(
      "--target <model>",
      "target model, a GGUF file or an installed one's name; the installed pair if absent, or the bundled one",
    )
    .option("--draft <model>", "draft model with the target's vocabulary, likewise")
    .addOption(
      new Option("--gpu <backend>", "where the models run").choices(GPU_CHOICES).default("auto"),
    );
}

function createProgram(context: CommandContext, signal: AbortSignal): Command {
  const program = new Command("treeline")
    .description("Speculative code completion on local models.")
    .version(VERSION)
    .exitOverride()
    .configureOutput({ writeErr: (text) => context.terminal.notes(text) });
  const complete = program
    .command("complete")
    .description("complete at a cursor of a file")
    .argument("<place>", "FILE:LINE:COLUMN of a source file, UTF-8; or FILE with the options below")
    .option("--line <number>", "line of the cursor, from 1", positiveInteger)
    .option(
      "--column <number>",
      "column of the cursor, from 1; a tab counts one (VS Code shows it as its width), an emoji two",
      positiveInteger,
    );
  withModelOptions(complete)
    .option("--max-tokens <number>", "output tokens at most", positiveInteger, 64)
    .option("--no-speculation", "plain decoding, one token per pass")
    .option("--workspace <folder>", "index its source files first, and draft from them")
    .option(
      "--suggestions <number>",
      `this many suggestions, 1 to ${MAX_SUGGESTIONS}; the first is the same for any number`,
      suggestionCount,
      1,
    )
    .addOption(
      new Option("--suggestion-method <name>", "who proposes the others")
        .choices(SUGGESTION_PROPOSERS)
        .default("branches"),
    )
    .option("--json", "print one JSON object and nothing else to stdout")
    .action((place: string, options: CompleteOptions) =>
      completeCommand(place, options, context, signal),
    );
  const demo = program
    .command("demo")
    .description("complete at fixed places of real TypeScript files, beside plain decoding");
  withModelOptions(demo).action((options: ModelOptions) => demoCommand(options, context, signal));
  const bench = program.command("bench").description("measure on this machine, with a report");
  withModelOptions(bench)
    .addOption(
      new Option(
        "--suite <name>",
        "what to measure: how soon a line is shown on code unlike the workspace, on the workspace, on what nobody can " +
          "predict, all of these; or several suggestions, by each method; or typing, with the caches on and off; or accuracy, " +
          "how often a suggestion is what stood there",
      )
        .choices(SUITE_NAMES)
        .default("repo"),
    )
    .option("--cost", "only t(n): what a pass of so many rows costs here")
    .option("--seed <number>", "draws the places and keystrokes", positiveInteger, DEFAULT_SEED)
    .option("--json <file>", "write the figures as JSON; - for stdout, instead of the report")
    .option("--markdown <file>", "write the report to a file")
    .option(
      "--workspace <folder>",
      "speed, suggestions, accuracy, --against: code of yours; sources of npm packages if absent",
    )
    .option("--minutes <number>", "speed: time for everything (3)", minuteCount)
    .option(
      "--configs <names>",
      `speed: some of ${ALL_CONFIGS.join(",")}; or all (fused); plain is measured besides, twice; peers take minutes more and load the models again`,
      configNames,
    )
    .option(
      "--prompts <number>",
      "speed: prompts of each suite at most (as the time allows); suggestions: (16); accuracy (60), --against (24): places",
      positiveInteger,
    )
    .option(
      "--max-tokens <number>",
      "output tokens at most; speed (24), suggestions (48), accuracy, --against (64)",
      positiveInteger,
    )
    .option(
      "--prompt-tokens <number>",
      "prompt tokens at most; speed (256), suggestions (512), accuracy (1024)",
      positiveInteger,
    )
    .option(
      "--flat-rows <number>",
      "speed: choose drafts as if passes of up to so many rows cost the same; suggestions: make such passes take the same time, by waiting",
      positiveInteger,
    )
    .option(
      "--cold",
      "speed: drafts have learned nothing before the first measured prompt, where otherwise they learn from a few beforehand",
    )
    .option(
      "--sessions <number>",
      "typing: sessions to play, two minutes each (12)",
      positiveInteger,
    )
    .option(
      "--first-line <ms>",
      "typing: when a line is to be there; prompts are as long as that allows, and read on while nobody types (1000)",
      positiveInteger,
    )
    .option(
      "--suggestions <number>",
      `accuracy: this many suggestions at a place, 1 to ${MAX_SUGGESTIONS} (3)`,
      suggestionCount,
    )
    .option(
      "--compare <json>",
      "accuracy: compare with this report of another model or another prompt",
    )
    .option(
      "--arms <names>",
      "accuracy: prompts to compare at the same places, the others with the first: their middle begins at cursor, line, file or " +
        "so many lines above, with +heal the output writes tokens at the cursor that may still change, with +context they have what " +
        "--context names, ~300: so many characters behind the cursor, @512: so many tokens in all (line+heal); typing: the one typed with",
      promptArms,
    )
    .addOption(
      new Option(
        "--context <kind>",
        "accuracy: the prompt begins with text of the other files of --workspace: declarations of what is imported, code like the cursor's, or both (none)",
      ).choices(CONTEXT_CHOICES),
    )
    .option(
      "--context-tokens <number>",
      "accuracy: of the prompt, for --context at most (384)",
      positiveInteger,
    )
    .option(
      "--resume <file>",
      "accuracy, typing, --against: keep each result in this file, and go on from those that are in it",
    )
    .option(
      "--against <[label=]url>",
      "in place of a suite: the same prompts on a llama-server, which the text is sent to; may be repeated",
      namedServer,
    )
    .action((options: BenchOptions & { readonly suite: SuiteName }, command: Command) =>
      benchCommand(
        options,
        context,
        signal,
        (name) => command.getOptionValueSource(name) === "cli",
      ),
    );
  program.addCommand(createModelsCommand(context, signal));
  return program;
}

await runProgram(import.meta.url, createProgram);
