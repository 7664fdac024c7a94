/** The active editor as it is on screen, read from the page in one go. */
import type { Page } from "playwright-core";

export interface EditorSnapshot {
  /** Lines of the document on screen, without ghost text. */
  readonly lines: readonly string[];
  /** What is offered as ghost text, lines joined with "\n"; absent if nothing is. */
  readonly ghostText?: string;
}

/** Runs in the page. */
function readActiveEditor(): { lines: string[]; inline: string[]; below: string[] } | undefined {
  const editor =
    // A notebook has an editor per cell and hovers over its editor group.
    document.querySelector(".notebookOverlay .monaco-editor.focused") ??
    document.querySelector(".editor-group-container.active .monaco-editor");
  if (editor === null) return undefined;
  const isGhost = (element: Element) => /\bghost-text/.test(element.className);
  const pieces = (line: Element) => [...line.querySelectorAll("span > span")];
  const text = (parts: readonly Element[]) => parts.map((part) => part.textContent).join("");
  // Lines are recycled, so their order in the document means nothing.
  const top = (line: Element) => Number.parseFloat((line as HTMLElement).style.top);
  const byTop = (a: Element, b: Element) => top(a) - top(b);

  const lines = [...editor.querySelectorAll(".view-lines > .view-line")].sort(byTop);
  const below = [...editor.querySelectorAll(".view-zones .suggest-preview-text .view-line")];
  return {
    lines: lines.map((line) => text(pieces(line).filter((piece) => !isGhost(piece)))),
    inline: lines.flatMap((line) => pieces(line).filter(isGhost)).map((piece) => text([piece])),
    // The rest of the document's line may stand behind the last line of ghost text: that part is not offered.
    below: below.sort(byTop).map((line) => text(pieces(line).filter(isGhost))),
  };
}

/** What the active editor shows now; `undefined` if no text editor is open. */
export async function readEditor(page: Page): Promise<EditorSnapshot | undefined> {
  const found = await page.evaluate(readActiveEditor);
  if (found === undefined) return undefined;
  const plain = (line: string) => line.replaceAll("\u00a0", " ").replaceAll("\u200b", "");
  const lines = found.lines.map(plain);
  if (found.inline.length === 0 && found.below.length === 0) return { lines };
  return { lines, ghostText: [found.inline.join(""), ...found.below].map(plain).join("\n") };
}
