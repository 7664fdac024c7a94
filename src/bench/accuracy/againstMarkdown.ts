/** The report of `bench --against` as Markdown. Pure. */

import { percent } from "../base/doubts.ts";
import { formatColumns, NONE } from "../base/markdownTable.ts";
import { type AgainstReport, interval, MIN_DECODED } from "./againstReport.ts";

export function formatAgainstReport(report: AgainstReport): string {
  const { contenders, figures, fusedOver, numPlaces, numMeasured, numWanted, isComplete } = report;
  const { target, draft, backend, origin, seed, maxTokens, warnings } = report;
  const doubts = warnings.map((warning) => `> - ${warning}`).join("\n");
  const speculationOf = (name: string) =>
    figures.find((figure) => figure.name === name)?.speculation ?? null;
  return `${[
    `# Treeline against llama-server${isComplete ? "" : ` (${numPlaces} of ${numWanted} places)`}`,
    `**${report.verdict}**`,
    ...(doubts === "" ? [] : [doubts]),
    contenders
      .map(({ name, what, isServer }) => {
        const drafts = speculationOf(name);
        const how = drafts === null ? "; it does not say how it drafts" : `; drafts: ${drafts}`;
        return `- ${name}: ${what}${isServer ? how : ""}`;
      })
      .join("\n"),
    `Target ${target}, ${draft === null ? "no draft model" : `draft ${draft}`}, ${backend}. Hidden in ${origin}, seed ${seed}; ` +
      `${numPlaces} places, speeds from the ${numMeasured} with at least ${MIN_DECODED} tokens for all; ${maxTokens} tokens at most, ` +
      "as many on each side as Treeline's plain decoding has until its rule ends the completion.",
    formatColumns(figures, [
      ["", ({ name }) => name],
      ["tok/s", ({ tokensPerSecond }) => tokensPerSecond.toFixed(1)],
      ["× plain (95 %)", ({ timesPlain }) => interval(timesPlain)],
      ["first token, ms", ({ firstTokenMs }) => firstTokenMs.toFixed(0)],
      ["whole, ms", ({ totalMs }) => totalMs.toFixed(0)],
      ["same as plain", ({ numSame }) => `${numSame}/${numPlaces}`],
      ["tokens the same", ({ sameTokenShare }) => `${(100 * sameTokenShare).toFixed(1)} %`],
      ["exact line", ({ lineExact }) => (lineExact === null ? NONE : percent(lineExact.mean))],
      [
        "accepted of drafted",
        ({ numDraftTokens, numAcceptedTokens }) =>
          numDraftTokens === 0 ? NONE : `${numAcceptedTokens}/${numDraftTokens}`,
      ],
    ]),
    formatColumns(fusedOver, [
      ["fused over", ({ name }) => name],
      ["speed × (95 %)", ({ speed }) => interval(speed)],
      ["first token × time", ({ firstToken }) => interval(firstToken)],
      ["whole × time", ({ whole }) => interval(whole)],
    ]),
    "Each side evaluates the whole prompt, of the same tokens, anew, and then decodes greedily. Times are each side's own clock: " +
      "Treeline's from the request's arrival on, the server's from where it takes the prompt up, so neither has the way there. " +
      "tok/s is over all places together, × the median of the places' own ratios: a few slow places move the first alone. " +
      "Speed: Treeline's steps by their time, with all that drafting costs; the server's tokens behind the first by the time since. " +
      "Fused learned on a few places before, and so would a session. A server's tokens may differ from plain's by rounding.",
  ].join("\n\n")}\n`;
}
