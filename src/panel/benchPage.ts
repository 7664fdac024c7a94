/** The page of a report, from top to bottom. */
import type { BenchReport } from "../bench/speed/benchReport.ts";
import { byteText, memoryText } from "../core/base/byteText.ts";
import { chartView } from "./charts/chartView.ts";
import { button, element } from "./charts/element.ts";
import { formatPercent, plural } from "./charts/figureText.ts";
import { passCostChart } from "./charts/passCostChart.ts";
import { signOf } from "./charts/swatch.ts";
import type { PanelRequest, PanelState } from "./messages/panelProtocol.ts";
import { reportNotices } from "./notices.ts";
import { recommendationSection } from "./recommendationSection.ts";
import { type SectionFrame, suiteSection } from "./suiteSection.ts";

/** What the user did to the page; kept while it is hidden. */
export interface PageMemory {
  /** Ids of the parts that are unfolded. */
  readonly open: ReadonlySet<string>;
  readonly onToggle: (id: string, isOpen: boolean) => void;
}

export function benchPage(
  state: PanelState,
  memory: PageMemory,
  send: (request: PanelRequest) => void,
): HTMLElement {
  const { report } = state;
  const frame: SectionFrame = {
    details: (id) => foldable(id, memory),
    chart: (chart) => chartView(chart, foldable(chart.id, memory)),
  };
  const suites = Object.entries(report.suites).map(([name, suite]) =>
    suiteSection(name, suite, frame),
  );
  return element(
    "main",
    {},
    header(state, send),
    verdictSection(report),
    recommendationSection(state, send),
    ...suites,
    costSection(report, frame),
    machineSection(report, frame),
    notices(report),
  );
}

function foldable(id: string, { open, onToggle }: PageMemory): HTMLDetailsElement {
  const details = element("details", { class: "folded", open: open.has(id) });
  details.addEventListener("toggle", () => onToggle(id, details.open));
  return details;
}

function header(
  { report, workspace }: PanelState,
  send: (request: PanelRequest) => void,
): HTMLElement {
  const { target, draft } = report.models;
  const models = draft === null ? target.name : `${target.name} with ${draft.name}`;
  const devices = [report.backend, ...report.deviceNames].join(", ");
  return element(
    "header",
    {},
    element(
      "div",
      {},
      element("h1", {}, "Benchmark"),
      element("p", { class: "note" }, `${models} on ${devices}`),
      element("p", { class: "note" }, `${workspace} · ${dateText(report.date)}`),
    ),
    element(
      "div",
      { class: "actions" },
      button("Export Markdown…", false, () => send({ type: "export", format: "markdown" })),
      button("Export JSON…", false, () => send({ type: "export", format: "json" })),
      button("Run Again", false, () => send({ type: "runAgain" })),
    ),
  );
}

/** The sentence that the Markdown report begins with, too. */
function verdictSection({ verdict }: BenchReport): HTMLElement {
  const { kind, sentence, details } = verdict;
  const sign = { faster: "gain", slower: "loss", same: "", undecided: "" }[kind];
  return element(
    "section",
    { class: `verdict ${sign}`.trim(), "aria-label": "Verdict" },
    element("p", {}, sentence),
    details === null ? null : element("p", { class: "note" }, details),
  );
}

function notices(report: BenchReport): HTMLElement | null {
  const all = reportNotices(report);
  if (all.length === 0) return null;
  const boxes = (["loss", "warning"] as const).flatMap((kind) => {
    const lines = all.filter((notice) => notice.kind === kind);
    if (lines.length === 0) return [];
    const items = lines.map(({ text }) => element("li", {}, text));
    const list = element("ul", { class: "lines" }, ...items);
    return [element("div", { class: `notice ${kind}` }, signOf(kind), list)];
  });
  return element("section", { class: "notices", "aria-label": "Warnings" }, ...boxes);
}

function costSection({ cost }: BenchReport, frame: SectionFrame): HTMLElement | null {
  if (cost === null || cost.points.length === 0) return null;
  return element(
    "section",
    { "aria-labelledby": "cost" },
    element("h2", { id: "cost" }, "Cost of a pass"),
    element("div", { class: "charts" }, frame.chart(passCostChart(cost))),
  );
}

function machineSection(report: BenchReport, frame: SectionFrame): HTMLElement {
  const { machine, models, versions, settings } = report;
  const fileText = ({ name, fileBytes }: { name: string; fileBytes: number }) =>
    `${name} (${byteText(fileBytes)})`;
  const facts: readonly (readonly [string, string])[] = [
    ["Processor", `${machine.cpu}, ${plural(machine.cores, "core")}`],
    ["Memory", memoryText(machine.memoryBytes)],
    ["System", machine.platform],
    ["Used by others before the start", formatPercent(machine.busyShare)],
    ["Backend", [report.backend, ...report.deviceNames].join(", ")],
    ["Target model", fileText(models.target)],
    ["Draft model", models.draft === null ? "none" : fileText(models.draft)],
    ["Threads", String(settings.threadsAtEnd)],
    ["Context", plural(settings.contextSize, "token")],
    ["Seed", String(settings.seed)],
    ["Configurations", settings.configs.join(", ")],
    [
      "Versions",
      `Treeline ${report.treeline}, llama.cpp ${versions.llamaCpp}, node-llama-cpp ${versions.nodeLlamaCpp}, Node ${versions.node}`,
    ],
  ];
  const details = frame.details("machine");
  details.append(
    element("summary", {}, "Machine, models and versions"),
    element(
      "dl",
      { class: "facts" },
      ...facts.flatMap(([term, text]) => [
        element("dt", { class: "term" }, term),
        element("dd", {}, text),
      ]),
    ),
  );
  return element("section", { class: "machine" }, details);
}

function dateText(date: string): string {
  const time = new Date(date);
  return Number.isNaN(time.getTime())
    ? date
    : time.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}
