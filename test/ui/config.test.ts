import { describe, expect, test } from "vitest";
import { GPU_CHOICES } from "../../src/core/base/backend.ts";
import { CONTEXT_KINDS } from "../../src/core/prompt/promptContext.ts";
import {
  DEFAULT_CONTEXT,
  DEFAULT_LANGUAGES,
  isEnabledFor,
  NUMBER_SETTINGS,
  needsReload,
  readConfig,
  STATUS_CONTENTS,
  SUGGESTION_TRIGGERS,
  wantsIndex,
  whyOnlyWhenAsked,
} from "../../src/ui/base/config.ts";
import { RENAMED_SETTINGS } from "../../src/ui/base/renamedSettings.ts";
import { asksOtherwise } from "../../src/ui/lifecycle/askedHow.ts";
import { readManifest } from "../support/manifest.ts";

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
      languages: DEFAULT_LANGUAGES,
      trigger: "automatic",
      isOffline: false,
      ownModels: [],
      gpu: "auto",
      contextSize: 4096,
      maxTokens: 64,
      numSuggestions: 3,
      minConfidencePercent: 15,
      suggestionMethod: "branches",
      speculation: true,
      maxLossPercent: 3,
      index: true,
      firstLineMs: 1000,
      context: DEFAULT_CONTEXT,
      demonstration: false,
      statusContent: "figures",
      unloadAfterMinutes: 30,
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
      "suggestion.languages": ["typescript"],
      "suggestion.trigger": "paused",
      "model.gpu": "rocm",
      "model.target": 7,
      "speculation.enabled": "yes",
      "suggestion.method": "all",
      "suggestion.enabled": null,
    });
    expect(config).toMatchObject({
      languages: DEFAULT_LANGUAGES,
      trigger: "automatic",
      gpu: "auto",
      speculation: true,
    });
    expect(config.targetPath).toBeUndefined();
    expect(warnings).toHaveLength(6);
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
    expect(isEnabledFor({ languages: { "*": false, python: true } }, "python")).toBe(true);
    expect(isEnabledFor({ languages: { "*": false, python: true } }, "go")).toBe(false);
    expect(isEnabledFor({ languages: {} }, "go")).toBe(true);
  });
});

describe("whyOnlyWhenAsked", () => {
  test("is the demonstration for the bundled pair, until the user keeps it or chooses a target", () => {
    expect(whyOnlyWhenAsked(read({}).config)).toBe("demonstration");
    expect(whyOnlyWhenAsked(read({ "model.draft": "d.gguf" }).config)).toBe("demonstration");
    expect(whyOnlyWhenAsked(read({ "suggestion.demonstration": true }).config)).toBeUndefined();
    expect(whyOnlyWhenAsked(read({ "model.target": "t.gguf" }).config)).toBeUndefined();
  });

  test("is the user's wish before that, which has questions asked otherwise", () => {
    const target = { "model.target": "t.gguf" };
    const { config } = read({ ...target, "suggestion.trigger": "manual" });
    expect(whyOnlyWhenAsked(config)).toBe("manual");
    expect(whyOnlyWhenAsked({ ...config, trigger: "paused" })).toBe("paused");
    expect(asksOtherwise(read(target).config, config)).toBe(true);
  });
});

describe("needsReload", () => {
  test("is true for what the models depend on only", () => {
    const { config } = read({});
    expect(
      needsReload(config, { ...config, maxTokens: 8, speculation: false, languages: {} }),
    ).toBe(false);
    expect(needsReload(config, { ...config, gpu: "off" })).toBe(true);
    expect(needsReload(config, { ...config, targetPath: "x.gguf" })).toBe(true);
  });
});

describe("package.json", () => {
  const manifest = readManifest();
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
    const choices = (name: string) => properties[`treeline.${name}`]?.["enum"];
    expect(choices("model.gpu")).toEqual([...GPU_CHOICES]);
    expect(choices("suggestion.trigger")).toEqual([...SUGGESTION_TRIGGERS]);
    expect(choices("statusBar.content")).toEqual([...STATUS_CONTENTS]);
  });

  test("names every setting by what it is about and what of it", () => {
    for (const name of Object.keys(properties)) {
      expect(name).toMatch(/^treeline\.[a-z][a-zA-Z]*\.[a-z][a-zA-Z]*$/);
    }
    for (const name of Object.values(RENAMED_SETTINGS)) {
      expect(properties).toHaveProperty([`treeline.${name}`]);
    }
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
    expect(models).toHaveLength(9);
    for (const name of models) expect(properties[name]?.["scope"]).toBe("machine");
  });

  test("brings no key bindings and asks for no proposed API", () => {
    expect(manifest.contributes.keybindings).toBeUndefined();
    expect(manifest.enabledApiProposals).toBeUndefined();
    expect(manifest.engines.vscode).toBe("^1.100.0");
  });
});
