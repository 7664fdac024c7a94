/** The page of the benchmark panel: an empty body that the script fills. Pure. */

export interface PageParts {
  readonly scriptUri: string;
  /** Of style sheets and script; nothing else is loaded from anywhere. */
  readonly styleUri: string;
  /** `webview.cspSource`: where the extension's own files are served from. */
  readonly cspSource: string;
  /** New for every page. */
  readonly nonce: string;
}

export function benchPanelHtml({ scriptUri, styleUri, cspSource, nonce }: PageParts): string {
  const policy = [
    "default-src 'none'",
    `style-src ${cspSource}`,
    `script-src 'nonce-${nonce}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="UTF-8">
    <meta http-equiv="Content-Security-Policy" content="${escapeAttribute(policy)}">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Treeline Benchmark</title>
    <link rel="stylesheet" href="${escapeAttribute(styleUri)}">
  </head>
  <body>
    <script nonce="${escapeAttribute(nonce)}" src="${escapeAttribute(scriptUri)}"></script>
  </body>
</html>
`;
}

function escapeAttribute(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}
