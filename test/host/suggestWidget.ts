/** The list that opens while one types and at Ctrl+Space, as the user sees it. */
import type { Page } from "playwright-core";

export interface SuggestEntry {
  readonly label: string;
  /** Whether Tab would take it. */
  readonly isFocused: boolean;
}

/** The entries on screen from top to bottom; none if the widget is closed. */
export async function suggestWidgetEntries(page: Page): Promise<SuggestEntry[]> {
  const rows = page.locator(".suggest-widget.visible .monaco-list-row");
  return rows.evaluateAll((elements) =>
    elements
      .map((element) => ({
        index: Number(element.getAttribute("data-index")),
        label: element.querySelector(".label-name")?.textContent?.trim() ?? "",
        isFocused: element.classList.contains("focused"),
      }))
      .sort((a, b) => a.index - b.index)
      .map(({ label, isFocused }) => ({ label, isFocused })),
  );
}
