import { describe, expect, test } from "vitest";
import { benchPanelHtml } from "../../src/ui/measure/benchPanelHtml.ts";

const HTML = benchPanelHtml({
  scriptUri: "https://file.vscode-cdn.net/dist/benchPanel.js",
  styleUri: "https://file.vscode-cdn.net/dist/benchPanel.css",
  cspSource: "'self' https://*.vscode-cdn.net",
  nonce: "n0nce",
});

/** Directives of the content security policy. */
function policy(html: string): Map<string, string> {
  const content = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? "";
  return new Map(
    content.split("; ").map((directive) => {
      const [name = "", ...sources] = directive.split(" ");
      return [name, sources.join(" ")];
    }),
  );
}

describe("benchPanelHtml", () => {
  test("allows its own style sheet, its own script by nonce, and nothing else", () => {
    expect([...policy(HTML)]).toEqual([
      ["default-src", "'none'"],
      ["style-src", "'self' https://*.vscode-cdn.net"],
      ["script-src", "'nonce-n0nce'"],
      ["base-uri", "'none'"],
      ["form-action", "'none'"],
    ]);
    expect(HTML).not.toContain("unsafe");
  });

  test("has one script, with the nonce, and none inline", () => {
    const scripts = [...HTML.matchAll(/<script\b([^>]*)>([\s\S]*?)<\/script>/g)];
    expect(scripts).toHaveLength(1);
    expect(scripts[0]?.[1]).toBe(
      ' nonce="n0nce" src="https://file.vscode-cdn.net/dist/benchPanel.js"',
    );
    expect(scripts[0]?.[2]).toBe("");
  });

  test("has no inline style, no event handler, and loads nothing over plain http", () => {
    expect(HTML).not.toMatch(/<style|\sstyle=/);
    expect(HTML).not.toMatch(/\son\w+=/);
    expect(HTML).not.toContain("http:");
    expect(HTML).not.toContain("javascript:");
  });

  test("says its language, and comes with the policy before anything that it governs", () => {
    expect(HTML).toContain('<html lang="en">');
    expect(HTML.indexOf("Content-Security-Policy")).toBeLessThan(HTML.indexOf("<link"));
  });

  test("what it is given stays inside the attributes", () => {
    const html = benchPanelHtml({
      scriptUri: 'x"><script>alert(1)</script>',
      styleUri: "y",
      cspSource: "z",
      nonce: "n",
    });
    expect(html).not.toContain("<script>alert");
  });
});
