/** Proxies as shells have them: `https_proxy`, `http_proxy`, `no_proxy`. In the editor VS Code's own hold instead. */
import type { Agent } from "node:http";
import { HttpsProxyAgent } from "https-proxy-agent";
import { getProxyForUrl } from "proxy-from-env";

/** @param signal - ends the connection to the proxy, which the request does not know before there is a tunnel. */
export function environmentAgent(url: URL, signal: AbortSignal): Agent | undefined {
  const proxy = getProxyForUrl(url.href);
  return proxy === "" ? undefined : new HttpsProxyAgent(proxy, { signal });
}
