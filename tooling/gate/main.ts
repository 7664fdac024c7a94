/**
 * `npm run gate`: fits the confidence gate of a model on one accuracy run and judges it on another, of other repositories. The runs are
 * files of `bench --suite accuracy --resume`, of one model and one prompt.
 *
 *   npm run gate -- CHOOSE.jsonl REPORT.jsonl
 */
import { readFile } from "node:fs/promises";
import type { PlaceResult } from "../../src/bench/accuracy/placeResult.ts";
import { fitGate, formatGate, gatedPlaces, thresholdAt } from "./gateReport.ts";

/** Of the right suggestions, the share that may be lost is the rest. */
const RECALL = 0.95;
const THRESHOLDS = [0.1, 0.15, 0.2, 0.25, 0.3, 0.4];

const [choosePath, reportPath, ...others] = process.argv.slice(2);
if (choosePath === undefined || reportPath === undefined || others.length > 0) {
  console.error("error: Expected two files of accuracy runs: to fit on, and to judge on.");
  process.exit(2);
}
const choose = gatedPlaces(await readRun(choosePath));
const report = gatedPlaces(await readRun(reportPath));
const weights = fitGate(choose);
const threshold = thresholdAt(RECALL, choose, weights);
console.log(`# Fitted on\n\n${formatGate(choose, weights, [threshold])}`);
console.log(`# Judged on\n\n${formatGate(report, weights, [threshold, ...THRESHOLDS])}`);
console.log(JSON.stringify({ weights, threshold }));

async function readRun(path: string): Promise<PlaceResult[]> {
  const [head = "", ...lines] = (await readFile(path, "utf8")).trimEnd().split("\n");
  if (!head.includes('"what":"accuracy"')) throw new Error(`${path} is no accuracy run.`);
  return lines.map((line): PlaceResult => JSON.parse(line));
}
