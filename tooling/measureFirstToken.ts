/**
 * How long the first token takes with speculation, beside plain decoding: hidden places of pinned packages, each with an engine
 * of its own that knows nothing yet. Plain decoding runs twice, first and last in turns, to show what differs by itself. Needs
 * the build; run it on an idle machine.
 *
 *   npm run bench:first-token -- [--target GGUF] [--draft GGUF] [--gpu off] [--places 20] [--seed 1] [--workspace DIR]
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { median } from "../src/bench/base/statistics.ts";
import { drawSpots, type SourceSpot } from "../src/bench/spots/sourceSpots.ts";
import { readPackageSources } from "../src/cli/sources/packageSources.ts";
import { readWorkspaceSources } from "../src/cli/sources/workspaceSources.ts";

const CLI = fileURLToPath(new URL("../dist/cli.mjs", import.meta.url));
/** Speculation's first token may take so many times as long as without, in the median and at the worst place. */
const BOUNDS = { median: 1.1, worst: 1.25 } as const;
const MAX_TOKENS = "32";

interface Completed {
  readonly stats: { readonly meanAcceptanceLength: number };
  readonly timings: {
    readonly firstTokenMs: number;
    readonly prefillMs: number;
    readonly beginMs: number;
    readonly totalMs: number;
  };
  readonly tokens: readonly number[];
}

const { values } = parseArgs({
  options: {
    target: { type: "string" },
    draft: { type: "string" },
    gpu: { type: "string", default: "off" },
    places: { type: "string", default: "20" },
    seed: { type: "string", default: "1" },
    workspace: { type: "string" },
  },
});
const signal = new AbortController().signal;
const files =
  values.workspace === undefined
    ? await readPackageSources({ cliUrl: pathToFileURL(CLI).href }, signal)
    : (await readWorkspaceSources(values.workspace, process.cwd(), signal)).files;
const spots = drawSpots(files, Number(values.places), Number(values.seed));
const folder = mkdtempSync(join(tmpdir(), "treeline-first-token-"));
const ratios: number[] = [];
const noise: number[] = [];
try {
  for (const [index, spot] of spots.entries()) {
    const order = index % 2 === 0 ? [false, true, false] : [false, false, true];
    const runs = order.map((hasDrafts) => ({ hasDrafts, ...complete(spot, hasDrafts) }));
    const plain = runs.filter(({ hasDrafts }) => !hasDrafts);
    const drafted = runs.find(({ hasDrafts }) => hasDrafts)!;
    const plainMs = median(plain.map(({ timings }) => timings.firstTokenMs));
    ratios.push(drafted.timings.firstTokenMs / plainMs);
    noise.push(plain[1]!.timings.firstTokenMs / plain[0]!.timings.firstTokenMs);
    const { firstTokenMs, prefillMs, beginMs, totalMs } = drafted.timings;
    print(
      `${spot.path}:${spot.line}: ${firstTokenMs.toFixed(0)} ms (prompt ${prefillMs.toFixed(0)}, drafters' start ` +
        `${beginMs.toFixed(1)}), plain ${plainMs.toFixed(0)}: ${ratios.at(-1)!.toFixed(3)}; plain again ${noise.at(-1)!.toFixed(3)}; ` +
        `${drafted.tokens.length} tokens in ${totalMs.toFixed(0)} ms, ${drafted.stats.meanAcceptanceLength.toFixed(2)} a pass`,
    );
  }
} finally {
  rmSync(folder, { recursive: true });
}
const worst = Math.max(...ratios);
const holds = median(ratios) <= BOUNDS.median && worst <= BOUNDS.worst;
print(
  `First token with speculation, × without, at ${ratios.length} places: median ${median(ratios).toFixed(3)} ` +
    `(at most ${BOUNDS.median}), worst ${worst.toFixed(3)} (at most ${BOUNDS.worst}): ${holds ? "holds" : "does not hold"}. ` +
    `Plain again × plain: median ${median(noise).toFixed(3)}, ${Math.min(...noise).toFixed(3)} to ${Math.max(...noise).toFixed(3)}.`,
);
process.exitCode = holds ? 0 : 1;

/** One completion, by an engine that ends with it. The file is as it was before the span was written. */
function complete({ path, line, column, prefixText, suffixText }: SourceSpot, hasDrafts: boolean) {
  const file = join(folder, basename(path));
  writeFileSync(file, prefixText + suffixText);
  const models = (["target", "draft"] as const).flatMap((which) => {
    const model = values[which];
    return model === undefined ? [] : [`--${which}`, model];
  });
  const args = [
    ...[CLI, "complete", file, "--line", `${line}`, "--column", `${column}`, "--json"],
    ...["--gpu", values.gpu, "--max-tokens", MAX_TOKENS, ...models],
    ...(hasDrafts ? [] : ["--no-speculation"]),
  ];
  const run = spawnSync(process.execPath, args, { encoding: "utf8", cwd: folder });
  if (run.status !== 0) throw new Error(`complete ended with ${run.status}: ${run.stderr}`);
  return JSON.parse(run.stdout) as Completed;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
