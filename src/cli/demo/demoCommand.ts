/** `treeline demo`: real files, speculation beside plain decoding, in one engine. */
import { access } from "node:fs/promises";
import type { CompleteParams, CompletionResult } from "../../engine/protocol/completeMessages.ts";
import { packagePath } from "../base/bundledModels.ts";
import { CliError } from "../base/cliError.ts";
import {
  type CommandContext,
  draftSources,
  type EngineSession,
  type ModelOptions,
  withEngine,
} from "../base/engineSession.ts";
import { readSourceFile } from "../sources/sourceFile.ts";
import { demoSummary, ghostText, legend, type SpotMeasurement, spotFigures } from "./demoReport.ts";
import { DEMO_SPOTS, type DemoSpot, type PlacedSpot, placeSpot } from "./demoSpots.ts";

const NUM_ROUNDS = 5;
const MAX_TOKENS = 64;

interface NamedSpot extends PlacedSpot {
  readonly name: string;
  readonly file: string;
}

/** @throws CliError if no package is installed. */
export async function demoCommand(
  options: ModelOptions,
  context: CommandContext,
  signal: AbortSignal,
): Promise<void> {
  const { terminal } = context;
  const spots: NamedSpot[] = [];
  for (const spot of await installedSpots(context)) {
    const text = await readSourceFile(spotPath(spot, context), signal);
    spots.push({
      ...placeSpot(text, spot),
      name: `${spot.packageName}/${spot.file}`,
      file: spot.file,
    });
  }
  await withEngine(
    options,
    context,
    async (session) => {
      const { models } = session;
      terminal.out(
        `target ${models.target.name}, draft ${models.draft?.name ?? "none"}, ${models.backend}\n`,
      );
      terminal.out(
        `Medians of ${NUM_ROUNDS} rounds. Before each the models are loaded anew, so that nothing is known of the texts; ` +
          "its places follow each other as in a session, plain and with drafts in alternating order, the prompt in the cache " +
          "of both.\n" +
          "decode: all but the prompt's evaluation, drafting included. total: from request to result.\n\n",
      );
      terminal.out(...legend(), "\n");
      const measurements = await measureSpots(spots, session, context, signal);
      for (const [index, { name, line, prefixText }] of spots.entries()) {
        const measurement = measurements[index]!;
        const [shown] = measurement.speculative;
        terminal.out("\n", { style: "bold", text: `${name}:${line}` }, "\n");
        if (shown !== undefined) terminal.out(...ghostText(prefixText, shown), "\n");
        terminal.out(`${spotFigures(measurement)}\n`);
      }
      terminal.out(`\n${demoSummary(measurements).join("\n")}\n`);
    },
    signal,
  );
}

/** [spots.length] each in every round. */
async function measureSpots(
  spots: readonly NamedSpot[],
  { client, params, models }: EngineSession,
  { terminal }: CommandContext,
  signal: AbortSignal,
): Promise<SpotMeasurement[]> {
  const results = spots.map(() => ({
    plain: [] as CompletionResult[],
    speculative: [] as CompletionResult[],
  }));
  // Earlier suggestions are kept after any request: the plain run's would be copied whole.
  const sources = draftSources(models).filter((source) => source !== "ghost");
  for (let round = 0; round < NUM_ROUNDS; round++) {
    // The recycling store would know these very outputs from the round before.
    await client.unload(signal);
    await client.load(params, () => {}, signal);
    for (const [index, { name, file, prefixText, suffixText }] of spots.entries()) {
      terminal.progress(
        `round ${round + 1} of ${NUM_ROUNDS}, ${index + 1} of ${spots.length}: ${name}`,
      );
      const cursor = { prefixText, suffixText, filePath: file, maxTokens: MAX_TOKENS };
      const run = (request: Pick<CompleteParams, "sources"> & Partial<CompleteParams>) =>
        client.complete({ ...cursor, ...request }, () => {}, signal);
      // Fills both models' caches with the prompt. A number of nodes of its own keeps it, and plain runs, out of what is
      // learned of drafts.
      await run({ sources: ["draftModel"], maxTokens: 1, maxDraftNodes: 1 });
      const { plain, speculative } = results[index]!;
      const runs = [
        async () => plain.push(await run({ sources: [], maxDraftNodes: 0 })),
        async () => speculative.push(await run({ sources })),
      ];
      for (const runOne of (round + index) % 2 === 0 ? runs : runs.reverse()) await runOne();
    }
  }
  terminal.progress("");
  return results;
}

/** The spots whose packages are there; names each package that is not. */
async function installedSpots(context: CommandContext): Promise<DemoSpot[]> {
  const packageNames = [...new Set(DEMO_SPOTS.map(({ packageName }) => packageName))];
  const installed = new Set<string>();
  for (const name of packageNames) {
    const folder = packageFolder(name, context);
    if (await exists(folder)) installed.add(name);
    else {
      context.terminal.note(
        `note: the package ${name} is not at ${folder}, so its places are left out. Run npm ci in Treeline's repository.`,
      );
    }
  }
  if (installed.size === 0) {
    throw new CliError(
      `The demo needs the sources of ${packageNames.join(", ")}, and none is installed. ` +
        "Run npm ci in Treeline's repository, or use `treeline complete` on a file of yours.",
    );
  }
  return DEMO_SPOTS.filter(({ packageName }) => installed.has(packageName));
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function packageFolder(name: string, context: CommandContext): string {
  return packagePath(context.cliUrl, `node_modules/${name}`);
}

function spotPath(spot: DemoSpot, context: CommandContext): string {
  return packagePath(context.cliUrl, `node_modules/${spot.packageName}/${spot.file}`);
}
