/** `treeline demo`: real files, speculation beside plain decoding, in one engine. */
import { access } from "node:fs/promises";
import { APPENDED_PROMPT } from "../../core/prompt/promptAnchor.ts";
import type { CompleteParams, CompletionResult } from "../../engine/protocol/completeMessages.ts";
import type { LoadParams } from "../../engine/protocol/protocol.ts";
import { bundledModels, packagePath } from "../base/bundledModels.ts";
import { CliError } from "../base/cliError.ts";
import {
  type CommandContext,
  draftSources,
  type EngineSession,
  type ModelOptions,
  withEngine,
} from "../base/engineSession.ts";
import { type SplitText, withLineFeeds } from "../complete/cursor.ts";
import { readSourceFile } from "../sources/sourceFile.ts";
import {
  demoSummary,
  ghostText,
  introduction,
  legend,
  type SpotMeasurement,
  spotFigures,
} from "./demoReport.ts";
import {
  DEMO_SPOTS,
  type DemoSpot,
  type PlacedSpot,
  placeSpot,
  sessionPlaces,
} from "./demoSpots.ts";

const MAX_ROUNDS = 5;
/** No round begins later, in ms. */
const ROUNDS_MS = 30_000;
const MAX_TOKENS = 64;
/** As the editor has them on machines that read slowly: the demo is about what comes behind the prompt. */
const MAX_PROMPT_TOKENS = 256;
/** A session's other places are completed for so long, in ms; a tiny model has them all by then. */
const SESSION_MS = 8_000;

/** What one run has of its own. */
type Request = Pick<CompleteParams, "sources"> & Partial<CompleteParams>;

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
      const { models, params } = session;
      const isBundled = params.targetPath === bundledModels(context.cliUrl).targetPath;
      terminal.out(...introduction(models, isBundled), "\n", ...legend(terminal.hasColor), "\n");
      terminal.tellProgress();
      const measurements = await measureSpots(spots, session, isBundled, context, signal);
      for (const [index, { name, line, prefixText }] of spots.entries()) {
        const measurement = measurements[index]!;
        terminal.out("\n", { style: "bold", text: `${name}:${line}` }, "\n");
        terminal.out(...ghostText(prefixText, measurement.shown, terminal.hasColor), "\n");
        terminal.out(...spotFigures(measurement).map((figures) => `  ${figures}\n`));
      }
      terminal.out(`\n${demoSummary(measurements, isBundled).join("\n")}\n`);
    },
    signal,
  );
}

/** What one place is asked with: plain decoding twice, which says how far to trust a difference. */
const RUNS = ["plain", "plainAgain", "drafted"] as const;

/** Runs all places: each in every round. @returns [spots.length] */
async function measureSpots(
  spots: readonly NamedSpot[],
  { client, params, models }: EngineSession,
  isBundled: boolean,
  { terminal }: CommandContext,
  signal: AbortSignal,
): Promise<SpotMeasurement[]> {
  const results = spots.map(() => ({
    plain: [] as CompletionResult[],
    plainAgain: [] as CompletionResult[],
    drafted: [] as CompletionResult[],
    shown: undefined as CompletionResult | undefined,
  }));
  // Earlier suggestions are kept after any request: the plain run's would be copied whole.
  const sources = draftSources(models).filter((source) => source !== "ghost");
  const runAt = (place: SplitText, file: string, request: Request) =>
    client.complete(
      {
        ...withLineFeeds(place),
        ...APPENDED_PROMPT,
        filePath: file,
        maxTokens: MAX_TOKENS,
        maxPromptTokens: MAX_PROMPT_TOKENS,
        ...request,
      },
      () => {},
      signal,
    );
  const startSession = async (loaded: LoadParams) => {
    // The recycling store would know these very outputs from the round before.
    await client.unload(signal);
    await client.load(loaded, () => {}, signal);
    // What drafts bring, and whether they pay at all, is not found out at the places that are shown.
    const startMs = performance.now();
    for (const { name, file, ...spot } of spots) {
      terminal.progress(`other places of ${name}`);
      for (const place of sessionPlaces(spot)) {
        if (performance.now() - startMs > SESSION_MS) return;
        await runAt(place, file, { sources });
      }
    }
  };
  if (isBundled) {
    // Without a table of costs every draft is verified: with this model next to none would pay, and none be seen.
    const { passCostPath: _, ...withoutCosts } = params;
    await startSession(withoutCosts);
    for (const [index, { name, file, ...spot }] of spots.entries()) {
      terminal.progress(`all drafts verified, ${index + 1} of ${spots.length}: ${name}`);
      results[index]!.shown = await runAt(spot, file, { sources });
    }
  }
  const startMs = performance.now();
  const isTimeLeft = () => performance.now() - startMs < ROUNDS_MS;
  for (let round = 0; round < MAX_ROUNDS && (round === 0 || isTimeLeft()); round++) {
    await startSession(params);
    for (const [index, { name, file, ...spot }] of spots.entries()) {
      terminal.progress(`round ${round + 1}, ${index + 1} of ${spots.length}: ${name}`);
      // Fills both models' caches with the prompt. A number of nodes of its own keeps it, and plain runs, out of what is
      // learned of drafts.
      await runAt(spot, file, { sources: ["draftModel"], maxTokens: 1, maxDraftNodes: 1 });
      for (const at of RUNS.keys()) {
        const run = RUNS[(round + index + at) % RUNS.length]!;
        const request = run === "drafted" ? { sources } : { sources: [], maxDraftNodes: 0 };
        results[index]![run].push(await runAt(spot, file, request));
      }
    }
  }
  terminal.progress("");
  return results.map(({ shown, ...runs }) => ({ ...runs, shown: shown ?? runs.drafted[0]! }));
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
