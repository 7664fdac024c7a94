/** Runs in the panel's page: what a person would see at a glance and a test has to look for. */
import type { FrameLocator } from "playwright-core";

/** Texts of a chart that stick out of their card, or lie on each other. */
export async function badLabels(page: FrameLocator): Promise<string[]> {
  return page.locator("body").evaluate(() => {
    const problems: string[] = [];
    for (const figure of document.querySelectorAll("figure")) {
      const card = figure.getBoundingClientRect();
      const texts = [...figure.querySelectorAll("svg.plot text")]
        .flatMap((text) => (text.querySelector("tspan") ? [...text.children] : [text]))
        // A tip lies over the chart on purpose.
        .filter((text) => text.closest("[aria-label=tip]") === null)
        .filter((text) => (text.textContent ?? "").trim() !== "");
      const boxes = texts.map((text) => ({
        words: text.textContent ?? "",
        box: text.getBoundingClientRect(),
      }));
      for (const { words, box } of boxes) {
        const isOut = box.left < card.left || box.right > card.right || box.bottom > card.bottom;
        if (isOut) problems.push(`cut: ${words}`);
      }
      for (const [index, one] of boxes.entries()) {
        for (const other of boxes.slice(index + 1)) {
          const width = Math.min(one.box.right, other.box.right);
          const height = Math.min(one.box.bottom, other.box.bottom);
          const overlapX = width - Math.max(one.box.left, other.box.left);
          const overlapY = height - Math.max(one.box.top, other.box.top);
          // Line boxes are taller than their letters.
          if (overlapX > 0.5 && overlapY > 4)
            problems.push(`on each other: ${one.words}, ${other.words}`);
        }
      }
    }
    return problems;
  });
}

/** Whether the page is wider than its window. */
export async function isTooWide(page: FrameLocator): Promise<boolean> {
  return page.locator("html").evaluate((html) => html.scrollWidth > html.clientWidth);
}

/** Colors that stand on the page's background, with their contrast to it (WCAG 2.2, 1.4.3 and 1.4.11). */
export async function contrasts(page: FrameLocator): Promise<Record<string, number>> {
  return page.locator("body").evaluate((body) => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    if (canvas === null) throw new Error("no canvas");
    const channels = (color: string): number[] => {
      canvas.fillStyle = color;
      canvas.fillRect(0, 0, 1, 1);
      return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const luminance = (color: string): number => {
      const [red = 0, green = 0, blue = 0] = channels(color).map((channel) => {
        const share = channel / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const ground = getComputedStyle(body).backgroundColor;
    const probe = document.createElement("span");
    body.append(probe);
    const names = ["text", "muted", "blue", "green", "yellow", "purple", "red"];
    const found = names.map((name) => {
      probe.style.color = `var(--treeline-${name})`;
      // Translucent colors are seen on the ground.
      channels(ground);
      const lights = [getComputedStyle(probe).color, ground].map(luminance).sort((a, b) => b - a);
      return [name, ((lights[0] ?? 0) + 0.05) / ((lights[1] ?? 0) + 0.05)] as const;
    });
    probe.remove();
    return Object.fromEntries(found);
  });
}
