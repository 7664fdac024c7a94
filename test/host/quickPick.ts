/** The widget at the top of the window: command palette, quick picks and input boxes share it. */
import type { Locator, Page } from "playwright-core";
import { poll } from "./poll.ts";

const WIDGET = ".quick-input-widget";

interface QuickPickRow {
  readonly label: string;
  readonly isFocused: boolean;
}

export class QuickPick {
  readonly #page: Page;
  readonly #widget: Locator;
  readonly #input: Locator;

  constructor(page: Page) {
    this.#page = page;
    this.#widget = page.locator(WIDGET);
    this.#input = this.#widget.locator(".quick-input-box input").first();
  }

  /** Resolves when the widget is open and takes text. */
  async waitUntilOpen(): Promise<void> {
    await this.#input.waitFor({ state: "visible" });
  }

  async waitUntilClosed(): Promise<void> {
    await this.#widget.waitFor({ state: "hidden" });
  }

  isOpen(): Promise<boolean> {
    return this.#widget.isVisible();
  }

  /** The title above the input, or an empty string. */
  async title(): Promise<string> {
    return (await this.#widget.locator(".quick-input-title").textContent())?.trim() ?? "";
  }

  /** The prompt or validation message below the input, or an empty string. */
  async message(): Promise<string> {
    return (await this.#widget.locator(".quick-input-message").textContent())?.trim() ?? "";
  }

  /** Labels of the rows on screen, top to bottom; a long list shows only its first dozen or so. */
  async items(): Promise<string[]> {
    await this.waitUntilOpen();
    return (await this.#readRows()).map(({ label }) => label);
  }

  /** Replaces what stands in the input, once it takes text; `timeoutMs` is Playwright's 30 s by default. */
  async fill(text: string, { timeoutMs }: { readonly timeoutMs?: number } = {}): Promise<void> {
    await this.#input.fill(text, timeoutMs === undefined ? {} : { timeout: timeoutMs });
  }

  /** Takes the row with exactly this label, once it is on screen; `fill` brings up one further down. */
  async choose(label: string): Promise<void> {
    let lastRows = "";
    // By keys: results that still come in move the rows, and a click then goes to another one or nowhere.
    const take = async () => {
      const rows = await this.#readRows();
      const index = rows.findIndex((row) => row.label === label);
      const focusedIndex = rows.findIndex(({ isFocused }) => isFocused);
      const isSettled = JSON.stringify(rows) === lastRows;
      lastRows = JSON.stringify(rows);
      if (index < 0 || !isSettled) return undefined;
      if (index === focusedIndex) {
        await this.#page.keyboard.press("Enter");
        return true;
      }
      await this.#page.keyboard.press(focusedIndex < index ? "ArrowDown" : "ArrowUp");
      return undefined;
    };
    await this.waitUntilOpen();
    await poll(`the item "${label}"`, take, { describe: () => lastRows });
  }

  /** Confirms an input box, or takes the highlighted row. */
  async accept(): Promise<void> {
    await this.waitUntilOpen();
    await this.#page.keyboard.press("Enter");
  }

  async cancel(): Promise<void> {
    await this.#page.keyboard.press("Escape");
    await this.waitUntilClosed();
  }

  #readRows(): Promise<QuickPickRow[]> {
    const rows = this.#widget.locator(".quick-input-list .monaco-list-row");
    return rows.evaluateAll((elements) =>
      elements.map((element) => ({
        label: (element.querySelector(".label-name")?.textContent ?? "")
          .replaceAll("\u00a0", " ")
          .trim(),
        isFocused: element.classList.contains("focused"),
      })),
    );
  }
}
