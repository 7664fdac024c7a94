/** The status bar as the user sees it. */
import type { Locator, Page } from "playwright-core";
import { poll } from "./poll.ts";

/** An item's text and the id it carries in the page: `<publisher>.<name>.<item id>` for an extension's. */
interface StatusItem {
  readonly id: string;
  readonly text: string;
}

async function statusItems(page: Page): Promise<StatusItem[]> {
  const items = await page
    .locator(".statusbar-item")
    .evaluateAll((elements) => elements.map(({ id, textContent }) => ({ id, text: textContent })));
  return items.map(({ id, text }) => ({ id, text: text.replaceAll("\u00a0", " ").trim() }));
}

async function findItem(page: Page, part: string): Promise<StatusItem | undefined> {
  const items = await statusItems(page);
  return (
    items.find(({ id }) => id === part) ??
    items.find(({ id }) => id.includes(part)) ??
    items.find(({ text }) => text.includes(part))
  );
}

/** The text of the first item whose id or text contains `part` (icons have none); `undefined` if there is none. */
export async function statusBarText(page: Page, part: string): Promise<string | undefined> {
  return (await findItem(page, part))?.text;
}

/** The item itself, to click on. Waits for it. */
export async function statusBarItem(page: Page, part: string): Promise<Locator> {
  const { id } = await poll(`a status bar item "${part}"`, () => findItem(page, part), {
    describe: async () => JSON.stringify(await statusItems(page)),
  });
  return page.locator(`[id="${id}"]`);
}

/** Holds the mouse over the item and returns the text of its tooltip. */
export async function statusBarTooltip(page: Page, part: string): Promise<string> {
  const item = await statusBarItem(page, part);
  const hover = page.locator(".workbench-hover .monaco-hover-content");
  // A mouse that is there already would not enter it.
  await page.mouse.move(640, 0);
  await item.hover();
  try {
    await hover.waitFor();
    return (await hover.innerText()).replaceAll("\u00a0", " ").trim();
  } finally {
    await page.mouse.move(640, 0);
    await hover.waitFor({ state: "hidden" });
  }
}
