/** Notifications as the user sees them: toasts in the lower right corner. */
import type { Page } from "playwright-core";
import { type PollOptions, poll } from "./poll.ts";

const TOAST = ".notifications-toasts .notification-toast";

declare global {
  interface Window {
    /** Texts of all toasts since the page was loaded, oldest first. */
    treelineNotifications?: string[];
  }
}

/** Runs in the page before anything else there: keeps what every toast said, as toasts go away by themselves. */
export function recordNotifications(): void {
  const texts: string[] = [];
  window.treelineNotifications = texts;
  const indices = new Map<Element, number>();
  const record = () => {
    for (const toast of document.querySelectorAll(".notifications-toasts .notification-toast")) {
      const text = toast.querySelector(".notification-list-item-message")?.textContent?.trim();
      if (text === undefined || text === "") continue;
      const index = indices.get(toast) ?? texts.length;
      indices.set(toast, index);
      texts[index] = text;
    }
  };
  const observe = () => {
    const container = document.querySelector(".notifications-toasts");
    if (container === null) return;
    waiting.disconnect();
    new MutationObserver(record).observe(container, {
      childList: true,
      subtree: true,
      characterData: true,
    });
    record();
  };
  // The container comes with the first toast and then stays.
  const waiting = new MutationObserver(observe);
  waiting.observe(document, { childList: true, subtree: true });
}

/** Texts of all notifications shown since the window was loaded, oldest first. */
export async function shownNotifications(page: Page): Promise<string[]> {
  return page.evaluate(() => window.treelineNotifications ?? []);
}

/** Waits until a notification that contains `part` was shown and returns its whole text. */
export async function waitForNotification(
  page: Page,
  part: string,
  options: PollOptions = {},
): Promise<string> {
  return poll(
    `a notification with "${part}"`,
    async () => (await shownNotifications(page)).find((text) => text.includes(part)),
    { describe: async () => JSON.stringify(await shownNotifications(page)), ...options },
  );
}

/** Presses a button of the visible notification that contains `part`. */
export async function pressNotificationButton(
  page: Page,
  part: string,
  label: string,
): Promise<void> {
  const toast = page.locator(TOAST).filter({ hasText: part }).last();
  await toast.locator(".monaco-button").filter({ hasText: label }).first().click();
}
