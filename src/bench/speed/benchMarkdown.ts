/** A benchmark's report as Markdown, which reads as well on a terminal. A pure function of its JSON. */

import { byteText, memoryText } from "../../core/base/byteText.ts";
import { markdownText } from "../../core/base/foreignText.ts";
import { DRAFT_SOURCES } from "../../core/tree/draftTree.ts";
import { FUSED_CONFIG, isPlainConfig, UNION_CONFIG } from "../base/benchConfigNames.ts";
import { percent } from "../base/doubts.ts";
import { formatColumns, formatTable, NONE } from "../base/markdownTable.ts";
import type {
  BenchReport,
  ConfigFigures,
  RatioInterval,
  SuiteFigures,
  UnmeasuredConfig,
} from "./benchReport.ts";

/** Deepest level that a table shows one by one. */
const MAX_DEPTH = 8;

/** The verdict first, then what it rests on; warnings stand at the end. */
export function formatBenchMarkdown(report: BenchReport): string {
  const { verdict, warnings, suites, isComplete } = report;
  const list = warnings.map((warning) => `- ${markdownText(warning)}`).join("\n");
  const sections = [
    `# Treeline benchmark${isComplete ? "" : " (stopped before its end)"}`,
    ...(Object.keys(suites).length === 0 && isComplete
      ? []
      : [`**${verdict.sentence}**`, ...(verdict.details === null ? [] : [verdict.details])]),
    ...Object.entries(suites).flatMap(([name, suite]) => suiteSections(name, suite)),
    ...costSections(report),
    ...surroundings(report),
    ...(warnings.length === 0 ? [] : ["## Warnings", list]),
  ];
  return `${sections.join("\n\n")}\n`;
}

function suiteSections(name: string, suite: SuiteFigures): string[] {
  const { origin, configs, numPrompts, numLooping, numShort, maxTokens } = suite;
  const [first] = configs;
  const verbatim = first?.verbatimShare ?? null;
  const facts = [
    `${numPrompts} prompts of at most ${suite.maxPromptTokens} tokens, at most ${maxTokens} tokens each`,
    ...(numLooping + numShort === 0
      ? []
      : [`replaced as looping: ${numLooping}, as too short to measure: ${numShort}`]),
    ...(verbatim === null
      ? []
      : [
          `${percent(verbatim)} of the hidden lines stand elsewhere in the workspace or in their own file`,
        ]),
  ];
  const tables =
    configs.length === 0
      ? ["No speed: no output was left to measure."]
      : [speedTable(configs), detailTable(configs), ...pairTable(suite), ...sourceTables(configs)];
  return [
    `## ${name}`,
    `${markdownText(origin)} ${facts.join("; ")}.`,
    ...tables,
    ...differenceTable(suite),
    settingsList(suite),
    ...unmeasuredList(suite),
  ];
}

function unmeasuredList({ unmeasured }: SuiteFigures): string[] {
  const lineOf = ({ name, loopShare, numLeftOut, warnings }: UnmeasuredConfig) =>
    [
      `- ${name} has no figures.`,
      ...(loopShare === null
        ? []
        : [`${percent(loopShare)} of its outputs that are long enough loop.`]),
      ...(numLeftOut === 0 ? [] : [`${numLeftOut} of them are another text than plain's.`]),
      ...warnings.map(markdownText),
    ].join(" ");
  return unmeasured.length === 0 ? [] : [unmeasured.map(lineOf).join("\n")];
}

function speedTable(configs: readonly ConfigFigures[]): string {
  return formatColumns(configs, [
    // A marked row: its speed compares nothing.
    ["configuration", ({ name, isComparable }) => `${name}${isComparable ? "" : " (!)"}`],
    ["first line", ({ firstLineMs }) => `${firstLineMs.toFixed(0)} ms`],
    ["× plain (95 %)", ({ firstLineToPlain }) => interval(firstLineToPlain)],
    ["tok/s", ({ tokensPerSecond }) => tokensPerSecond.toFixed(1)],
    ["× plain (95 %)", ({ ratioToPlain }) => interval(ratioToPlain)],
    ["tok/pass", ({ meanAcceptanceLength }) => meanAcceptanceLength.toFixed(2)],
    ["prompts", ({ numPrompts }) => String(numPrompts)],
  ]);
}

function detailTable(configs: readonly ConfigFigures[]): string {
  return formatColumns(configs, [
    ["configuration", ({ name }) => name],
    ["t(n)", ({ modelledRatio }) => modelledRatio?.toFixed(2) ?? NONE],
    ["expected", (config) => config.expectedAcceptanceLength?.toFixed(2) ?? NONE],
    ["TTFT p50 / p95", ({ ttftMs }) => `${ttftMs.p50.toFixed(0)} / ${ttftMs.p95.toFixed(0)}`],
    ["host ms", ({ hostMsPerStep }) => hostMsPerStep?.toFixed(3) ?? NONE],
    ["loops", ({ loopShare }) => percent(loopShare)],
    ["differ", ({ differingTokens }) => String(differingTokens)],
    ["ties", ({ nearTies }) => String(nearTies)],
    ["left out", ({ numLeftOut }) => String(numLeftOut)],
  ]);
}

/** Beside plain decoding, which the first table has. */
function pairTable({ fusedOver, fusedFirstLineOver }: SuiteFigures): string[] {
  const all = Object.keys({ ...fusedFirstLineOver, ...fusedOver });
  const names = all.filter((name) => !isPlainConfig(name));
  if (names.length === 0) return [];
  const cell = (ratio: RatioInterval | undefined) => (ratio === undefined ? NONE : interval(ratio));
  const rows = names.map((name) => [name, cell(fusedFirstLineOver[name]), cell(fusedOver[name])]);
  return [formatTable([`${FUSED_CONFIG} over`, "first line × (95 %)", "speed × (95 %)"], rows)];
}

function differenceTable({ differences }: SuiteFigures): string[] {
  if (differences.length === 0) return [];
  const tokenOf = (token: number, logit: number) =>
    `${token === -1 ? "end" : token}: ${logit.toFixed(3)}`;
  const table = formatColumns(differences, [
    ["unlike plain's output", ({ config }) => config],
    ["prompt", ({ prompt }) => String(prompt + 1)],
    ["token", ({ index }) => String(index + 1)],
    ["plain's: logit", ({ plainToken, plainLogit }) => tokenOf(plainToken, plainLogit)],
    ["other's: logit", ({ otherToken, otherLogit }) => tokenOf(otherToken, otherLogit)],
    ["top-2 gap", ({ gap }) => gap.toFixed(3)],
    ["near tie", ({ isNearTie }) => (isNearTie ? "yes" : "NO")],
  ]);
  return [table];
}

/** Who drafted what, in the default and in the union that no budget cuts. */
function sourceTables(configs: readonly ConfigFigures[]): string[] {
  const shown = configs.filter(({ name }) => name === FUSED_CONFIG || name === UNION_CONFIG);
  return shown.flatMap(({ name, bySource }) => {
    const rows = DRAFT_SOURCES.flatMap((source) => {
      const figures = bySource[source];
      return figures === undefined ? [] : [{ source, ...figures }];
    });
    if (rows.length === 0) return [];
    const table = formatColumns(rows, [
      [`drafts in ${name}`, ({ source }) => source],
      ["proposed", ({ proposed }) => String(proposed)],
      ["verified", ({ verified }) => String(verified)],
      ["accepted", ({ accepted }) => String(accepted)],
      ["ms/pass", ({ msPerPass }) => msPerPass.toFixed(3)],
      ["tokens/pass lost without", (row) => row.tokensPerPassLost?.toFixed(3) ?? NONE],
      [
        "accepted of verified by depth, from 1",
        ({ acceptedByDepth, verifiedByDepth }) => depths(acceptedByDepth, verifiedByDepth),
      ],
    ]);
    return [table];
  });
}

function depths(accepted: readonly number[], verified: readonly number[]): string {
  const shown = verified.slice(1, MAX_DEPTH + 1).map((count, index) => {
    const taken = accepted[index + 1] ?? 0;
    return `${taken}/${count}`;
  });
  return [...shown, ...(verified.length > MAX_DEPTH + 1 ? ["…"] : [])].join(" ") || NONE;
}

function settingsList({ configs }: SuiteFigures): string {
  return configs
    .flatMap(({ name, setting, tried }) => [
      `- ${name}: ${markdownText(setting)}.${tried.length === 0 ? "" : " The fastest of those tried on prompts that are not measured:"}`,
      ...tried.map(
        (one) => `  - ${markdownText(one.setting)}: ${one.tokensPerSecond.toFixed(1)} tok/s`,
      ),
    ])
    .join("\n");
}

function costSections({ cost }: BenchReport): string[] {
  if (cost === null) return [];
  const { kvLength, points, chosenNodes } = cost;
  const plainMs = points[0]?.ms ?? Number.NaN;
  const rows = [
    ["ms", ...points.map(({ ms }) => ms.toFixed(2))],
    ["of one row", ...points.map(({ ms }) => (ms / plainMs).toFixed(2))],
  ];
  return [
    "## What a pass costs",
    `t(n) after ${kvLength} cached tokens.${chosenNodes === null ? "" : ` The budget chose ${chosenNodes} nodes most often.`}`,
    formatTable(["rows", ...points.map(({ numRows }) => String(numRows))], rows),
  ];
}

function surroundings(report: BenchReport): string[] {
  const { machine, models, versions, settings, backend, deviceNames, lossless } = report;
  const { target, draft } = models;
  const model = ({ name, fileBytes }: typeof target) =>
    `${markdownText(name)} (${byteText(fileBytes)})`;
  return [
    "## How it was measured",
    [
      `- Target ${model(target)}, draft ${draft === null ? "none" : model(draft)}; ${[backend, ...deviceNames.map(markdownText)].join(", ")}, ` +
        `${settings.threadsAtEnd} ${settings.threadsAtEnd === 1 ? "thread" : "threads"}, context ${settings.contextSize}, seed ${settings.seed}.`,
      `- ${markdownText(machine.cpu)}, ${machine.cores} cores, ${memoryText(machine.memoryBytes)}, ${machine.platform}; others used ` +
        `${percent(machine.busyShare)} of the cores before the start.`,
      `- Treeline ${report.treeline}, llama.cpp ${versions.llamaCpp}, node-llama-cpp ${versions.nodeLlamaCpp}, Node ${versions.node}, ${report.date}.`,
      `- Of ${lossless.tokens} tokens of ours ${lossless.differingTokens} differ from plain's beyond near ties, which are ` +
        `${lossless.nearTies}; ${1000 * lossless.maxNearTieRate} in 1,000 are forgiven.`,
      `- It took ${seconds(report.elapsedMs)} of ${seconds(report.budgetMs)}. Unless it was a cold start drafts learn from a few prompts ` +
        "before any is measured, as they stand in the editor, where they are not new each day; a peer's settings are tried on the same prompts.",
      "- Plain decoding takes each prompt first, from empty caches, and once more at the end; between them come the others, in " +
        "turns. What the target takes for the prompt is measured once and stands in the times of all that use its cells; a draft " +
        "model reads a prompt of its own behind the first token, in its own time. First line, in ms: from the request to the end of the line, a mean. tok/s is " +
        "what follows the first pass, over all prompts. ×: times as fast, as soon; the bounds hold whenever it was stopped.",
      "- TTFT, in ms: until the first pass has ended. t(n): what the measured cost of a pass allows at this acceptance. tok/pass: mean acceptance length, the bonus token " +
        "included; expected: what calibrated scores promised. host ms: all but the target's pass, per pass. differ: tokens " +
        "unlike plain's beyond near ties. ties: outputs that part where plain's two best tokens tie. left out: prompts " +
        "that are in no speed of the row, as its output is another text than plain's behind a near tie, or a loop.",
    ].join("\n"),
  ];
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(0)} s`;
}

function interval({ ratio, low, high }: RatioInterval): string {
  return `${ratio.toFixed(2)} (${low.toFixed(2)}-${high.toFixed(2)})`;
}
