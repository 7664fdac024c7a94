import { describe, expect, test } from "vitest";
import { parsePanelRequest, parseShowMessage } from "../../src/panel/messages/panelProtocol.ts";
import { GAIN_REPORT, LOSS_REPORT } from "../support/benchReports.ts";

function stateOf(report: unknown): unknown {
  const change = { setting: "treeline.x", now: "on", recommended: "off", reason: "It is slower." };
  return { report, workspace: "ws (3 files)", changes: [change], findings: [] };
}

/** As it arrives: what JSON carries. */
function message(report: unknown): unknown {
  return JSON.parse(JSON.stringify({ type: "show", state: stateOf(report) }));
}

/** A copy with another value at a path. */
function withValue(report: unknown, path: readonly (string | number)[], value: unknown): unknown {
  const copy = structuredClone(report) as Record<string | number, unknown>;
  let place = copy;
  for (const key of path.slice(0, -1)) place = place[key] as typeof copy;
  place[path.at(-1)!] = value;
  return copy;
}

describe("parseShowMessage", () => {
  test.each([
    ["gains", GAIN_REPORT],
    ["losses", LOSS_REPORT],
  ])("takes a report with %s as it is", (_, report) => {
    const parsed = parseShowMessage(message(report));
    expect(parsed.state.report).toEqual(report);
    expect(parsed.state.changes).toHaveLength(1);
  });

  test("takes a report with fields that it does not know", () => {
    expect(() => parseShowMessage(message({ ...GAIN_REPORT, news: 1 }))).not.toThrow();
  });

  test.each([
    [["date"], 5, "report.date is 5, expected text"],
    [["isComplete"], "yes", 'report.isComplete is "yes", expected true or false'],
    [["backend"], "abacus", 'report.backend is "abacus", expected one of cpu, cuda'],
    [["suites"], [], "report.suites is [], expected an object"],
    [["suites"], 3, "report.suites is 3, expected an object"],
    [
      ["suites", "repo", "configs", 2, "ttftMs", "p95"],
      null,
      "report.suites.repo.configs.2.ttftMs.p95 is null, expected a number",
    ],
    [["suites", "repo", "configs", 1, "warnings"], "x", "configs.1.warnings is"],
    [["cost", "points", 0], 3, "report.cost.points.0 is 3, expected an object"],
    [["models", "target"], null, "report.models.target is null"],
    [["settings", "threadsAtEnd"], "2", 'settings.threadsAtEnd is "2", expected a number'],
    [["lossless", "nearTies"], null, "report.lossless.nearTies is null"],
    [["suites", "repo", "busyPrompts"], null, "suites.repo.busyPrompts is null"],
    [["suites", "repo", "fusedFirstLineOver", "plain"], 1, "fusedFirstLineOver.plain is 1"],
    [["suites", "repo", "ending"], "soon", 'ending is "soon"'],
    [["verdict", "kind"], "splendid", 'verdict.kind is "splendid"'],
    [["verdict", "sentence"], null, "verdict.sentence is null"],
    [["suites", "repo", "differences"], [{}], "differences.0.config is missing"],
    [["suites", "repo", "configs", 0, "numLeftOut"], "", 'configs.0.numLeftOut is ""'],
  ])("refuses a report whose %j is %j", (path, value, problem) => {
    const broken = message(withValue(GAIN_REPORT, path, value));
    expect(() => parseShowMessage(broken)).toThrow(problem);
  });

  test("refuses a number that JSON could not carry", () => {
    const broken = withValue(GAIN_REPORT, ["machine", "busyShare"], Number.NaN);
    expect(() => parseShowMessage(message(broken))).toThrow("busyShare is null");
  });

  test.each([undefined, null, 3, "show", [], {}, { type: "hide" }, { type: "show" }])(
    "refuses %j",
    (value) => expect(() => parseShowMessage(value)).toThrow(TypeError),
  );
});

describe("parsePanelRequest", () => {
  test.each([
    { type: "ready" },
    { type: "export", format: "markdown" },
    { type: "export", format: "json" },
    { type: "apply" },
    { type: "runAgain" },
    { type: "failed", message: "no canvas" },
  ])("takes %j", (request) => expect(parsePanelRequest(request)).toEqual(request));

  test.each([
    undefined,
    null,
    "ready",
    [],
    {},
    { type: "toString" },
    { type: "__proto__" },
    { type: "export" },
    { type: "export", format: "exe" },
    { type: "failed", message: 3 },
  ])("refuses %j", (value) => expect(() => parsePanelRequest(value)).toThrow(TypeError));
});
