/** Sources with a cursor in them, and whether what is called stable there is: llama.cpp says what the tokens are. */
import fc from "fast-check";
import { expect } from "vitest";
import type { LlamaModel } from "../../src/llama/model/llamaModel.ts";
import { PromptTokens } from "../../src/llama/text/promptTokens.ts";
import { StableBoundary } from "../../src/llama/text/stableTokens.ts";
import { packageSources } from "./packageSources.ts";

const PYTHON = `class Größe(Base):
\tdef __init__(self, naïve: dict[str, int] = {}, *, n=12345.678e-10):  # don't, we'll, x'll
        """Löst ½ x² + Ⅷ — «quoted» 日本語のコメント 한국어."""
        self.__x = f'{n:>10}' + "\\t\\n" if n else None


        return [i ** 2 for i in range(100_000) if i % 3 == 0][::-1]
`;
const GO = `func (s *Server) Handle(ctx context.Context, req *Request) (err error) {
\tif req.ID != nil && *req.ID >= 0x1F { // I'M, IT'S
\t\treturn fmt.Errorf("%w: %q", err, \`raw\`)
\t}

\t\t\t\tfor i := range s.items { s.items[i]++ }   \u00a0\u3000\u0085end
}
`;
const MARKUP =
  '<p class="a">e\u0301 \u{1F469}\u200d\u{1F469}\u200d\u{1F467} \ufeff</p>\n\n\n  <tool_call>{"a":1}</tool_call>\n';
const WHITE = "a  \n   \n\n      b\t\t \n  }    \r\n\r\n\t  )   1 22 333 4444\n";

const SOURCES = [
  ...packageSources().map(({ text }) => text),
  ...Array.from({ length: 40 }, (_, index) => [PYTHON, GO, MARKUP, WHITE][index % 4]!.repeat(2)),
];
const CONTINUATIONS = ["", "\n", "a", " x", "1", "'s", ".foo", "\r\n\n", " \n", "    ", "/", "()"];

/** A stretch of source and a cursor in it that is not within a character. */
const texts = fc
  .record({
    source: fc.constantFrom(...SOURCES),
    start: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.nat(400),
    style: fc.constantFrom("lf", "crlf", "wide"),
    more: fc.constantFrom(...CONTINUATIONS),
  })
  .map(({ source, start, length, style, more }) => {
    const from = Math.floor(start * source.length);
    let text = wellFormed(source.slice(from, from + length + 100));
    if (style === "crlf") text = text.replaceAll("\n", "\r\n");
    if (style === "wide") text = text.replaceAll("  ", "            ");
    const cut = wellFormed(text.slice(0, length));
    return { text: cut, whole: [text.startsWith(cut) ? text : cut, cut + more] };
  });

/** Without half a character at the ends. */
function wellFormed(text: string): string {
  return text.replace(/^[\uDC00-\uDFFF]|[\uD800-\uDBFF]$/g, "");
}

/** @returns [numRuns] pending tokens, ascending. */
export function expectStable(model: LlamaModel, numRuns: number): number[] {
  const { vocabulary } = model;
  const promptTokens = new PromptTokens(model);
  const { hasRules } = new StableBoundary(model);
  const numPendings: number[] = [];
  fc.assert(
    fc.property(texts, ({ text, whole }) => {
      const { tokens, pendingText, pendingTokens, isCut } = promptTokens.ofStable("prefix", text);
      expect(text.endsWith(pendingText)).toBe(true);
      // SentencePiece puts a space before a text.
      const asItStands = vocabulary.detokenize(pendingTokens);
      const isWhole = !hasRules && pendingText.length === text.length;
      if (isWhole) expect(asItStands.trimStart()).toBe(text.trimStart());
      else expect(asItStands).toBe(pendingText);
      const numPending = vocabulary.tokenize(text).length - tokens.length;
      expect(numPending).toBeLessThanOrEqual(12);
      numPendings.push(numPending);
      // Where the rules are known, no source is cut; white space and data are another test's.
      if (!hasRules && isCut) return;
      for (const longer of whole) {
        const all = vocabulary.tokenize(longer);
        expect(all.slice(0, tokens.length), JSON.stringify(longer)).toEqual(tokens);
      }
      // The spaces of an empty line are generated, not known.
      const spaces = /[ \t]*$/.exec(text)![0];
      if (vocabulary.tokenize(spaces).length <= 12) {
        expect(pendingText.length, text).toBeGreaterThanOrEqual(spaces.length);
      }
    }),
    { numRuns },
  );
  return numPendings.sort((a, b) => a - b);
}
