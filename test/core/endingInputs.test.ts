/** Inputs that a reader of the rules found: what was cut or offered wrongly, or taken back. */
import { describe, expect, test } from "vitest";
import { offer } from "../support/offerCompletion.ts";

interface Input {
  readonly languageId: string;
  /** With `█` at the cursor, and `§` for what begins code in a string. */
  readonly document: string;
  readonly output: string;
  /** Undefined: nothing. */
  readonly offered: string | undefined;
  readonly isUnfinished?: boolean;
}

const INPUTS: readonly Input[] = [
  {
    languageId: "vue",
    document: "<nav>\n  █\n</nav>\n",
    output: '<Link href="/">Home</Link>\n',
    offered: '<Link href="/">Home</Link>',
  },
  {
    languageId: "xml",
    document: "<configuration>\n  █\n</configuration>\n",
    output: "<source>17</source>\n",
    offered: "<source>17</source>",
  },
  {
    languageId: "php",
    document: "<nav>\n  █\n</nav>\n",
    output: '<a href="<?php echo $url; ?>">Home</a>\n',
    offered: '<a href="<?php echo $url; ?>">Home</a>',
  },
  {
    languageId: "html",
    document: "<ul>\n  █\n</ul>\n",
    output: '<li title="1 < 2">one</li>\n',
    offered: '<li title="1 < 2">one</li>',
  },
  {
    languageId: "php",
    document: "<?php wp_footer(); ?>\n█",
    output: "</body>\n</html>\n",
    offered: "</body>\n</html>",
  },
  {
    languageId: "shellscript",
    document: "#!/bin/sh\n█\n",
    output: "cat <<EOF > /etc/app.ini\n[server]\nport = 80\nEOF\n",
    offered: "cat <<EOF > /etc/app.ini\n[server]\nport = 80\nEOF",
  },
  {
    languageId: "shellscript",
    document: "cat <<END > .env\n█\nEND\n",
    output: "ENDPOINT=http://x\nEND\n",
    offered: "ENDPOINT=http://x",
  },
  {
    languageId: "shellscript",
    document: "cat <<EOF█\n[server]\nport = 80\nEOF\n",
    output: " > app.ini\n[server]\nport = 80\nEOF\n",
    offered: " > app.ini",
  },
  {
    languageId: "sql",
    document: "SELECT █\n",
    output: "REPLACE(name, '\\'', '') FROM t;\n",
    offered: "REPLACE(name, '\\'', '') FROM t;",
  },
  {
    languageId: "rust",
    document: 'let a = Path::new(r"C:\\Users\\█Peter");\n',
    output: 'admin\\Peter");\n',
    offered: "admin\\",
  },
  {
    languageId: "typescript",
    document: "/**\n * █\n */\nfunction clone() {}\n",
    output: "Clones <repo_name> into a folder.\n",
    offered: "Clones <repo_name> into a folder.",
  },
  {
    languageId: "markdown",
    document: "Run\n█\n",
    output: "git clone host/<repo_name>\n",
    offered: "git clone host/<repo_name>",
  },
  {
    languageId: "yaml",
    document: "body: |\n  Run\n  █\n",
    output: "```sh\n  ls\n  ```\n",
    offered: "```sh\n  ls\n  ```",
  },
  {
    languageId: "asciidoc",
    document: "Run\n█\n",
    output: "```sh\nls\n```\n",
    offered: "```sh\nls\n```",
  },
  {
    languageId: "kotlin",
    document: 'fun main() {\n    val s = "a §m["█\n}\n',
    output: 'key"]}"\n}\n',
    offered: 'key"]}"',
  },
];

describe("what is offered", () => {
  test.each(INPUTS)("in $languageId, of $output", (input) => {
    const { languageId, document, output, offered, isUnfinished = false } = input;
    const [prefixText = "", suffixText = ""] = document.replace("§", "$" + "{").split("█");
    const cursor = { prefixText, suffixText, languageId };
    for (const pieces of [[output], [...output], output.split(/\b/)]) {
      const result = offer(cursor, pieces, isUnfinished);
      expect("text" in result ? result.text : undefined).toBe(offered);
    }
  });

  test.each(["cat <<EOF > /etc/app.ini\n[server]\nport = 80\nhost", "cat <<EOF > /etc/app.ini\n"])(
    "no here-document without its end, and nothing of it was streamed: %j",
    (output) => {
      const cursor = { prefixText: "#!/bin/sh\n", suffixText: "\nls\n", languageId: "shellscript" };
      for (const pieces of [[output], [...output]]) {
        const result = offer(cursor, pieces, true);
        expect(JSON.stringify(result)).not.toContain("<<");
      }
    },
  );
});

describe("time is linear", () => {
  test.each([
    ["html", `<${"a".repeat(50_000)}`],
    ["html", `<p ${"a".repeat(50_000)}`],
    ["shellscript", `cat <<${"A".repeat(50_000)}`],
    ["ruby", "a <<A".repeat(10_000)],
  ])("%s", (languageId, prefixText) => {
    expect(
      offer({ prefixText, suffixText: prefixText, languageId }, ["\nls"], false),
    ).toBeDefined();
  });
});
