import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { GPU_CHOICES } from "../../src/core/base/backend.ts";
import { CONTEXT_KINDS } from "../../src/core/prompt/promptContext.ts";
import {
  asksOtherwise,
  DEFAULT_CONTEXT,
  DEFAULT_ENABLE,
  isEnabledFor,
  NUMBER_SETTINGS,
  needsReload,
  readConfig,
  suggestsOnlyWhenAsked,
  wantsIndex,
} from "../../src/ui/base/config.ts";

function read(settings: Record<string, unknown>) {
  const warnings: string[] = [];
  const config = readConfig(
    (name) => settings[name],
    "/home/me",
    (message) => warnings.push(message),
  );
  return { config, warnings };
}

describe("readConfig", () => {
  test("gives the defaults where nothing is set", () => {
    const { config, warnings } = read({});
    expect(config).toEqual({
      enabled: true,
      enable: DEFAULT_ENABLE,
      isOffline: false,
      ownModels: [],
      gpu: "auto",
      contextSize: 4096,
      maxTokens: 64,
      numSuggestions: 3,
      suggestionMethod: "branches",
      speculation: true,
      maxLossPercent: 3,
      index: true,
      firstLineMs: 1000,
      context: DEFAULT_CONTEXT,
      demonstration: false,
    });
    expect(Object.isFrozen(config)).toBe(true);
    expect(warnings).toEqual([]);
  });

  test.each([
    ["suggestion.maxTokens", "many", 64],
    ["suggestion.maxTokens", 0, 1],
    ["suggestion.maxTokens", 9999, 512],
    ["suggestion.maxTokens", 12.4, 12],
    ["suggestion.maxTokens", Number.NaN, 64],
  ])("replaces %s = %j by %j with one warning", (name, value, expected) => {
    const { config, warnings } = read({ [name]: value });
    expect(config.maxTokens).toBe(expected);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(name);
  });

  test("replaces values of another type, each with a warning", () => {
    const { config, warnings } = read({
      enable: ["typescript"],
      "model.gpu": "rocm",
      "model.target": 7,
      "speculation.enabled": "yes",
      "suggestion.method": "all",
      "suggestion.enabled": null,
    });
    expect(config).toMatchObject({ enable: DEFAULT_ENABLE, gpu: "auto", speculation: true });
    expect(config.targetPath).toBeUndefined();
    expect(warnings).toHaveLength(5);
  });

  test("expands the home folder and trims paths", () => {
    const { config } = read({ "model.target": " ~/m/a.gguf ", "model.draft": "~other/b.gguf" });
    expect(config.targetPath).toBe("/home/me/m/a.gguf");
    expect(config.draftPath).toBe("~other/b.gguf");
  });
});

describe("prompt.context", () => {
  test("switches kinds on one by one; what is not named is off", () => {
    const { config, warnings } = read({ "prompt.context": { imports: true } });
    expect(config.context).toEqual({ ...DEFAULT_CONTEXT, imports: true });
    expect(warnings).toEqual([]);
    expect(asksOtherwise(read({}).config, config)).toBe(true);
    expect(asksOtherwise(config, read({ "prompt.context": { imports: true } }).config)).toBe(false);
  });

  test.each([["imports"], [{ imports: "yes" }], [{ everything: true }], [["imports"]]])(
    "replaces %j by none, with a warning that names the kinds",
    (value) => {
      const { config, warnings } = read({ "prompt.context": value });
      expect(config.context).toEqual(DEFAULT_CONTEXT);
      expect(warnings).toHaveLength(1);
      for (const kind of CONTEXT_KINDS) expect(warnings[0]).toContain(kind);
    },
  );

  test("needs the index, without drafts as well", () => {
    const plain = { "speculation.enabled": false };
    const context = { "prompt.context": { similar: true } };
    expect(wantsIndex(read(plain).config)).toBe(false);
    expect(wantsIndex(read({ ...plain, ...context }).config)).toBe(true);
    expect(wantsIndex(read({ ...context, "index.enabled": false }).config)).toBe(false);
  });
});

describe("isEnabledFor", () => {
  test("goes by the language, then by the star, then is on", () => {
    expect(isEnabledFor({ enable: { "*": false, python: true } }, "python")).toBe(true);
    expect(isEnabledFor({ enable: { "*": false, python: true } }, "go")).toBe(false);
    expect(isEnabledFor({ enable: {} }, "go")).toBe(true);
  });
});

describe("suggestsOnlyWhenAsked", () => {
  test("is true for the bundled pair, until the user keeps it or chooses a target", () => {
    expect(suggestsOnlyWhenAsked(read({}).config)).toBe(true);
    expect(suggestsOnlyWhenAsked(read({ "model.draft": "d.gguf" }).config)).toBe(true);
    expect(suggestsOnlyWhenAsked(read({ "suggestion.demonstration": true }).config)).toBe(false);
    expect(suggestsOnlyWhenAsked(read({ "model.target": "t.gguf" }).config)).toBe(false);
  });
});

describe("needsReload", () => {
  test("is true for what the models depend on only", () => {
    const { config } = read({});
    expect(needsReload(config, { ...config, maxTokens: 8, speculation: false, enable: {} })).toBe(
      false,
    );
    expect(needsReload(config, { ...config, gpu: "off" })).toBe(true);
    expect(needsReload(config, { ...config, targetPath: "x.gguf" })).toBe(true);
  });
});

describe("package.json", () => {
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  const properties: Record<string, Record<string, unknown>> = manifest.contributes.configuration
    .properties;

  test("declares the defaults and bounds that the code has", () => {
    const defaults = Object.fromEntries(
      Object.entries(properties).map(([name, { default: value }]) => [
        name.replace(/^treeline\./, ""),
        value,
      ]),
    );
    expect(read(defaults).config).toEqual(read({}).config);
    expect(read(defaults).warnings).toEqual([]);
    for (const [name, bounds] of Object.entries(NUMBER_SETTINGS)) {
      expect(properties[`treeline.${name}`]).toMatchObject(bounds);
    }
    expect(properties["treeline.model.gpu"]?.["enum"]).toEqual([...GPU_CHOICES]);
  });

  test("describes every setting with its default and its effect", () => {
    for (const { markdownDescription, scope } of Object.values(properties)) {
      expect(markdownDescription).toMatch(/Default:/);
      expect(["application", "machine", "window"]).toContain(scope);
    }
  });

  test("heeds no setting of a workspace that is not trusted", () => {
    const { supported, restrictedConfigurations } = manifest.capabilities.untrustedWorkspaces;
    // Without this VS Code does not run the extension there at all.
    expect(supported).toBe("limited");
    expect(restrictedConfigurations).toEqual(Object.keys(properties));
  });

  test("lets no workspace choose what is loaded", () => {
    const models = Object.keys(properties).filter((name) => name.startsWith("treeline.model."));
    expect(models).toHaveLength(8);
    for (const name of models) expect(properties[name]?.["scope"]).toBe("machine");
  });

  test("brings no key bindings and asks for no proposed API", () => {
    expect(manifest.contributes.keybindings).toBeUndefined();
    expect(manifest.enabledApiProposals).toBeUndefined();
    expect(manifest.engines.vscode).toBe("^1.100.0");
  });
});
