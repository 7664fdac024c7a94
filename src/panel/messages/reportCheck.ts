/** Whether a value is a benchmark report, field by field. */
import type {
  BenchReport,
  ConfigFigures,
  DifferenceFigures,
  LosslessFigures,
  Quantiles,
  RatioInterval,
  SourceFigures,
  SuiteFigures,
  TriedSetting,
  UnmeasuredConfig,
} from "../../bench/speed/benchReport.ts";
import type { Verdict } from "../../bench/speed/verdict.ts";
import type { PassCostPoint } from "../../core/budget/passCost.ts";
import { fieldsOf, isFlag, isNumber, isText, listOf, mapOf, oneOf, orNull } from "./valueCheck.ts";

type Model = BenchReport["models"]["target"];
type Cost = NonNullable<BenchReport["cost"]>;

const ratio = fieldsOf<RatioInterval>({ ratio: isNumber, low: isNumber, high: isNumber });
const quantiles = fieldsOf<Quantiles>({ p50: isNumber, p95: isNumber });

const source = fieldsOf<SourceFigures>({
  proposed: isNumber,
  verified: isNumber,
  accepted: isNumber,
  verifiedByDepth: listOf(isNumber),
  acceptedByDepth: listOf(isNumber),
  msPerPass: isNumber,
  tokensPerPassLost: orNull(isNumber),
});

const config = fieldsOf<ConfigFigures>({
  name: isText,
  setting: isText,
  tried: listOf(fieldsOf<TriedSetting>({ setting: isText, tokensPerSecond: isNumber })),
  numPrompts: isNumber,
  numLeftOut: isNumber,
  tokens: isNumber,
  decodeMs: isNumber,
  tokensPerSecond: isNumber,
  ratioToPlain: ratio,
  firstLineMs: isNumber,
  plainFirstLineMs: isNumber,
  firstLineToPlain: ratio,
  speedComparison: oneOf("faster", "slower", "same"),
  firstLineComparison: oneOf("faster", "slower", "same"),
  modelledRatio: orNull(isNumber),
  meanAcceptanceLength: isNumber,
  expectedAcceptanceLength: orNull(isNumber),
  ttftMs: quantiles,
  hostMsPerStep: orNull(isNumber),
  loopShare: isNumber,
  verbatimShare: orNull(isNumber),
  bySource: mapOf(orNull(source)),
  differingTokens: isNumber,
  nearTies: isNumber,
  isComparable: isFlag,
  warnings: listOf(isText),
});

const unmeasured = fieldsOf<UnmeasuredConfig>({
  name: isText,
  setting: isText,
  loopShare: orNull(isNumber),
  numLeftOut: isNumber,
  differingTokens: isNumber,
  nearTies: isNumber,
  warnings: listOf(isText),
});

const difference = fieldsOf<DifferenceFigures>({
  config: isText,
  prompt: isNumber,
  index: isNumber,
  plainToken: isNumber,
  otherToken: isNumber,
  plainLogit: isNumber,
  otherLogit: isNumber,
  gap: isNumber,
  isNearTie: isFlag,
});

const suite = fieldsOf<SuiteFigures>({
  origin: isText,
  numPrompts: isNumber,
  numLooping: isNumber,
  numShort: isNumber,
  maxTokens: isNumber,
  maxPromptTokens: isNumber,
  configs: listOf(config),
  unmeasured: listOf(unmeasured),
  ending: oneOf("time", "narrow", "prompts", "exhausted", "aborted"),
  fusedOver: mapOf(ratio),
  fusedFirstLineOver: mapOf(ratio),
  busyPrompts: isNumber,
  maxOthersShare: isNumber,
  warmupOthersShare: isNumber,
  differences: listOf(difference),
});

const model = fieldsOf<Model>({ name: isText, fileBytes: isNumber });

/** What keeps a value from being a report, naming the field; undefined if nothing does. */
export const checkBenchReport = fieldsOf<BenchReport>({
  treeline: isText,
  date: isText,
  verdict: fieldsOf<Verdict>({
    kind: oneOf("faster", "slower", "same", "undecided"),
    sentence: isText,
    details: orNull(isText),
  }),
  isComplete: isFlag,
  budgetMs: isNumber,
  elapsedMs: isNumber,
  machine: fieldsOf<BenchReport["machine"]>({
    cpu: isText,
    cores: isNumber,
    memoryBytes: isNumber,
    platform: isText,
    busyShare: isNumber,
    isBusy: isFlag,
  }),
  backend: oneOf("cpu", "cuda", "vulkan", "metal"),
  deviceNames: listOf(isText),
  models: fieldsOf<BenchReport["models"]>({ target: model, draft: orNull(model) }),
  versions: fieldsOf<BenchReport["versions"]>({
    node: isText,
    llamaCpp: isText,
    nodeLlamaCpp: isText,
  }),
  settings: fieldsOf<BenchReport["settings"]>({
    seed: isNumber,
    threads: isNumber,
    threadsAtEnd: isNumber,
    contextSize: isNumber,
    configs: listOf(isText),
  }),
  cost: orNull(
    fieldsOf<Cost>({
      kvLength: isNumber,
      points: listOf(fieldsOf<PassCostPoint>({ numRows: isNumber, ms: isNumber })),
      chosenNodes: orNull(isNumber),
    }),
  ),
  suites: mapOf(suite),
  lossless: fieldsOf<LosslessFigures>({
    tokens: isNumber,
    differingTokens: isNumber,
    nearTies: isNumber,
    maxNearTieRate: isNumber,
  }),
  warnings: listOf(isText),
});
