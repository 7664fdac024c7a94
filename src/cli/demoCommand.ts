/** `treeline demo`: real files, speculation beside plain decoding, in one engine. */
import { access } from "node:fs/promises";
import type { CompleteParams, CompletionResult } from "../engine/protocol.ts";
import { packagePath } from "./bundledModels.ts";
import { CliError } from "./cliError.ts";
import { demoSummary, ghostText, legend, type SpotMeasurement, spotFigures } from "./demoReport.ts";
import { DEMO_SPOTS, type DemoSpot, type PlacedSpot, placeSpot } from "./demoSpots.ts";
import {
  type CommandContext,
  draftSources,
  type EngineSession,
  type ModelOptions,
  withEngine,
} from "./engineSession.ts";
import { readSourceFile } from "./sourceFile.ts";

const NUM_REPEATS = 5;
const MAX_TOKENS = 64;

/** @throws CliError if no package is installed. */
export async function demoCommand(
  options: ModelOptions,
  context: CommandContext,
  signal: AbortSignal,
): Promise<void> {
  const { terminal } = context;
  const spots: (PlacedSpot & { readonly name: string; readonly file: string })[] = [];
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
        `Medians of ${NUM_REPEATS} pairs, order alternating. Before each pair the models are loaded anew, so that ` +
          "nothing is known of the text, and the prompt is evaluated once, so that both find it in the cache.\n" +
          "decode: all but the prompt's evaluation, drafting included. total: from request to result.\n\n",
      );
      terminal.out(`${legend(terminal)}\n`);
      const measurements: SpotMeasurement[] = [];
      for (const [index, spot] of spots.entries()) {
        const { name, file, line, prefixText, suffixText } = spot;
        terminal.progress(`measuring ${index + 1} of ${spots.length}: ${name}`);
        const cursor = { prefixText, suffixText, filePath: file, maxTokens: MAX_TOKENS };
        const measurement = await measureSpot(cursor, session, signal);
        terminal.progress("");
        measurements.push(measurement);
        const [shown] = measurement.speculative;
        terminal.out(`\n${terminal.style("bold", `${name}:${line}`)}\n`);
        if (shown !== undefined) terminal.out(`${ghostText(prefixText, shown, terminal)}\n`);
        terminal.out(`${spotFigures(measurement)}\n`);
      }
      terminal.out(`\n${demoSummary(measurements).join("\n")}\n`);
    },
    signal,
  );
}

async function measureSpot(
  cursor: Omit<CompleteParams, "sources">,
  { client, params, models }: EngineSession,
  signal: AbortSignal,
): Promise<SpotMeasurement> {
  const plain: CompletionResult[] = [];
  const speculative: CompletionResult[] = [];
  const run = (request: CompleteParams) => client.complete(request, () => {}, signal);
  const runPlain = async () => {
    plain.push(await run({ ...cursor, sources: [] }));
  };
  // Earlier suggestions are kept after any request: the plain run's would be copied whole.
  const sources = draftSources(models).filter((source) => source !== "ghost");
  const runSpeculative = async () => {
    speculative.push(await run({ ...cursor, sources }));
  };
  for (let repeat = 0; repeat < NUM_REPEATS; repeat++) {
    // The recycling store would know this very output from the repeat before.
    await client.unload(signal);
    await client.load(params, () => {}, signal);
    // Fills both models' caches with the prompt and teaches the recycling store nothing.
    await run({ ...cursor, maxTokens: 1, sources: ["draftModel"] });
    const order = repeat % 2 === 0 ? [runPlain, runSpeculative] : [runSpeculative, runPlain];
    for (const runOne of order) await runOne();
  }
  return { plain, speculative };
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
