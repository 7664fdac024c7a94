/** The widget at the top of the window: command palette, quick picks and input boxes share it. */
import type { Locator, Page } from "playwright-core";
import { poll } from "./poll.ts";

const WIDGET = ".quick-input-widget";

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
    const labels = await this.#rows().locator(".label-name").allInnerTexts();
    return labels.map((label) => label.replaceAll("\u00a0", " ").trim());
  }

  /** Replaces what stands in the input. */
  async fill(text: string): Promise<void> {
    await this.waitUntilOpen();
    await this.#input.fill(text);
  }

  /** Takes the row with exactly this label, once it is on screen; `fill` brings up one further down. */
  async choose(label: string): Promise<void> {
    // Results that still come in move the rows, so a click that finds its row gone looks again.
    const take = async () => {
      const index = (await this.items()).indexOf(label);
      if (index < 0) return undefined;
      await this.#rows().nth(index).click({ timeout: 2000 });
      return true;
    };
    await poll(`the item "${label}"`, take, {
      describe: async () => JSON.stringify(await this.items()),
    });
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

  #rows(): Locator {
    return this.#widget.locator(".quick-input-list .monaco-list-row");
  }
}
