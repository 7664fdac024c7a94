import { describe, expect, test } from "vitest";
import type { SuiteFigures } from "../../src/bench/speed/benchReport.ts";
import { configTable } from "../../src/panel/charts/configTable.ts";
import { tableInWords } from "../../src/panel/charts/dataTable.ts";
import { depthChart } from "../../src/panel/charts/depthChart.ts";
import { passCostTable } from "../../src/panel/charts/passCostChart.ts";
import { sourceChart } from "../../src/panel/charts/sourceChart.ts";
import { depthPoints, draftedConfig } from "../../src/panel/charts/sourceRows.ts";
import { speedChart } from "../../src/panel/charts/speedChart.ts";
import { configsBySpeed } from "../../src/panel/charts/suiteRows.ts";
import { suiteCharts } from "../../src/panel/suiteSection.ts";
import { configFigures, GAIN_REPORT } from "../support/benchReports.ts";

const repo = GAIN_REPORT.suites["repo"]!;
const cost = GAIN_REPORT.cost!;

const speedTable = (name: string, suite: SuiteFigures) => speedChart(name, suite).table;
const suiteTable = (name: string, suite: SuiteFigures) =>
  configTable(name, suite, configsBySpeed(suite));

/** A suite with these configurations besides plain. */
function suiteOf(...configs: SuiteFigures["configs"]): SuiteFigures {
  return { ...repo, configs: [configFigures("plain"), ...configs] };
}

describe("the table of speeds", () => {
  test("has every configuration, the fastest first, plain last, and says what the bounds mean", () => {
    const { rows } = speedTable("repo", repo);
    expect(rows.map((cells) => [cells[0], cells[1], cells[3]])).toEqual([
      ["fused", "1.87×", "faster than plain"],
      ["suffixMatch", "1.66×", "faster than plain"],
      ["draftModel", "1.24×", "faster than plain"],
      ["recycling", "1.21×", "faster than plain"],
      ["peer:lookup", "1.13×", "no clear difference from plain"],
      ["peer:draft", "0.89×", "slower than plain"],
      ["plain", "1.00×", ""],
    ]);
  });

  test("shows losses as losses", () => {
    expect(speedTable("repo", repo).lossRows).toEqual(new Set([5]));
  });

  test("a speed that compares nothing stands last and is neither gain nor loss", () => {
    const figures = { ratioToPlain: { ratio: 3, low: 2.9, high: 3.1 }, isComparable: false };
    const table = speedTable(
      "repo",
      suiteOf(configFigures("peer:draft", figures), configFigures("fused")),
    );
    expect(table.rows.map(([name, , , verdict]) => [name, verdict])).toEqual([
      ["fused", "no clear difference from plain"],
      ["peer:draft", "not comparable"],
      ["plain", ""],
    ]);
    expect(table.lossRows).toEqual(new Set());
  });
});

describe("a row of ours that put out something else", () => {
  const gain = { ratioToPlain: { ratio: 3, low: 2.9, high: 3.1 }, isComparable: false };
  const suite = suiteOf(
    configFigures("fused", { ...gain, differingTokens: 1 }),
    configFigures("peer:draft", { ...gain, differingTokens: 1 }),
  );

  test("is a loss in every table, however fast it is; a peer's is not", () => {
    for (const { rows, lossRows } of [speedTable("repo", suite), suiteTable("repo", suite)]) {
      const marked = rows.filter((_, index) => lossRows?.has(index)).map(([name]) => name);
      expect(marked).toEqual(["fused"]);
    }
  });

  test("is never drawn as a gain", () => {
    const texts = speedChart("repo", suite).legend.map(({ text }) => text);
    expect(texts).toEqual(["not comparable"]);
  });
});

describe("the table of all figures", () => {
  test("says what was left out, and how the first line compares", () => {
    const { head, rows } = suiteTable("repo", repo);
    const cell = (row: string, column: string) =>
      rows.find(([name]) => name === row)?.[head.indexOf(column)];
    expect(cell("peer:draft", "Fused's first line against it")).toBe("1.01× (0.97–1.06)");
    expect(cell("fused", "Fused's first line against it")).toBe("");
    const some = suiteOf(configFigures("fused", { numLeftOut: 3 }));
    expect(suiteTable("repo", some).rows.map((cells) => cells.at(-1))).toEqual(["0", "3"]);
  });
});

describe("speedChart", () => {
  test("its table says each row in words, and leaves out what was not measured", () => {
    const words = tableInWords(speedChart("repo", repo).table);
    expect(words).toMatch(/^Speed against plain decoding on repo\. Configuration fused: /);
    expect(words).toContain(
      "Configuration peer:draft: Against plain 0.89×, 95 % bounds 0.84–0.95, Verdict slower than plain, Tokens/s",
    );
    expect(words).not.toContain("–,");
  });

  test("the legend explains what is there and nothing else", () => {
    const gain = { ratioToPlain: { ratio: 2, low: 1.9, high: 2.1 } };
    const texts = (suite: SuiteFigures) => speedChart("repo", suite).legend.map(({ text }) => text);
    expect(texts(suiteOf(configFigures("fused", gain)))).toEqual(["faster than plain"]);
    expect(texts(repo)).toEqual([
      "faster than plain",
      "no clear difference from plain",
      "slower than plain",
      "what t(n) allows",
    ]);
  });
});

describe("draftedConfig", () => {
  test("is the default, its sources in order of what they brought", () => {
    const drafted = draftedConfig(repo);
    expect(drafted?.name).toBe("fused");
    expect(drafted?.sources.map(({ source }) => source)).toEqual([
      "suffixMatch",
      "draftModel",
      "recycling",
    ]);
  });

  test("is another where the default was not run, and none where nothing was drafted", () => {
    const { bySource } = repo.configs.at(-1)!;
    expect(draftedConfig(suiteOf(configFigures("union", { bySource })))?.name).toBe("union");
    expect(draftedConfig(suiteOf(configFigures("fused")))).toBeUndefined();
  });

  test("leaves out depths at which nothing was verified", () => {
    const points = depthPoints(draftedConfig(repo)!).filter(({ source }) => source === "recycling");
    expect(points.map(({ depth, share }) => [depth, share])).toEqual([
      [1, 402 / 804],
      [2, 122 / 301],
      [3, 31 / 96],
      [4, 4 / 17],
      [5, 0],
    ]);
  });
});

describe("tables of drafts", () => {
  const drafted = draftedConfig(repo)!;

  test("by source: proposed, verified, accepted, and what leaving one out costs", () => {
    const [suffixMatch] = sourceChart("repo", drafted).table.rows;
    expect(suffixMatch?.slice(0, 6)).toEqual([
      "suffix match",
      "3\u202f994",
      "1\u202f536",
      "1\u202f197",
      "78\u00a0%",
      "0.54",
    ]);
  });

  test("by depth: a dash where a source did not get", () => {
    const { head, rows } = depthChart("repo", drafted).table;
    expect(head).toEqual(["Depth", "suffix match", "draft model", "recycling"]);
    expect(rows.at(-1)).toEqual(["7", "42\u00a0% (5 of 12)", "–", "–"]);
  });
});

describe("passCostTable", () => {
  test("marks the number of rows that the budget chose", () => {
    const chosen = passCostTable(cost).rows.filter((cells) => cells.at(-1) !== "");
    expect(chosen).toEqual([["4", "36.5", "1.78×", "9.13", "3 nodes and the root"]]);
  });

  test("does without a budget", () => {
    const table = passCostTable({ ...cost, chosenNodes: null });
    expect(table.rows[1]).toEqual(["2", "27.9", "1.36×", "13.9", ""]);
  });
});

describe("suiteCharts", () => {
  const titles = (suite: SuiteFigures) => suiteCharts("repo", suite).map(({ title }) => title);

  test("are speed, tokens per pass, latency and drafts", () => {
    expect(titles(repo)).toEqual([
      "Speed against plain decoding",
      "Tokens per pass",
      "Time to the first token",
      "Accepted drafts by source",
      "Accepted drafts by depth",
    ]);
  });

  test("leave out what was not measured", () => {
    expect(titles({ ...repo, configs: [configFigures("plain")] })).toEqual([
      "Time to the first token",
    ]);
  });

  test("every one has a table whose rows are as wide as its head", () => {
    const tables = [
      ...suiteCharts("repo", repo).map(({ table }) => table),
      passCostTable(cost),
      suiteTable("repo", repo),
    ];
    for (const { caption, head, rows } of tables) {
      expect(caption).not.toBe("");
      for (const row of rows) expect(row).toHaveLength(head.length);
    }
  });
});
