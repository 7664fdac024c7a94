/** The shapes of the charts' legends and the signs of notices, as small SVG pictures. */
import type { LegendItem, Swatch } from "./chart.ts";

const NAMESPACE = "http://www.w3.org/2000/svg";

/** SVG path data in a box of 16 × 16, and whether it is filled. */
const SHAPES: Readonly<Record<Swatch, readonly [path: string, isFilled: boolean]>> = {
  dot: ["M8 3a5 5 0 1 0 0 10a5 5 0 1 0 0-10z", true],
  ring: ["M8 4a4 4 0 1 0 0 8a4 4 0 1 0 0-8z", false],
  diamond: ["M8 1.5L12.5 8L8 14.5L3.5 8z", true],
  square: ["M3.5 3.5h9v9h-9z", true],
  triangle: ["M8 2.5L14 13H2z", true],
  cross: ["M3.5 3.5l9 9M12.5 3.5l-9 9", false],
  tick: ["M8 1.5v13", false],
  dash: ["M0 8h4.5M7 8h4.5M14 8h2", false],
};

const SIGNS = {
  warning: "M8 1.8L15 14.2H1zM8 6v4.2M8 12v.6",
  loss: "M2 3.5l4.2 4.8l2.8-2.3L14 12.5M14 8.6v3.9h-3.9",
} as const;

function drawing(path: string, color: string, isFilled: boolean): SVGSVGElement {
  const svg = withAttributes(document.createElementNS(NAMESPACE, "svg"), {
    ...{ viewBox: "0 0 16 16", width: "16", height: "16", "aria-hidden": "true" },
  });
  const ink = isFilled
    ? { fill: color }
    : { fill: "none", stroke: color, "stroke-width": "1.75", "stroke-linejoin": "round" };
  svg.append(withAttributes(document.createElementNS(NAMESPACE, "path"), { d: path, ...ink }));
  return svg;
}

function withAttributes<E extends Element>(node: E, attributes: Record<string, string>): E {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

export function swatchOf({ swatch, color }: LegendItem): SVGSVGElement {
  const [path, isFilled] = SHAPES[swatch];
  return drawing(path, color, isFilled);
}

export function signOf(kind: keyof typeof SIGNS): SVGSVGElement {
  const svg = drawing(SIGNS[kind], "currentColor", false);
  svg.classList.add("sign");
  return svg;
}
