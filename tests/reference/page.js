// Opens the page at /docs and waits until it shows every operation of the document that the bridge serves. Environment: API (base URL).
//
// jsdom runs the page's own scripts, as the bridge serves them, on a document of its own; a browser would add some hundred megabytes to
// what the tests install. It draws nothing and does not hold the page to its Content-Security-Policy: what is loaded is watched here, and
// what the policy says is held by the tests of `api`.
import { JSDOM, ResourceLoader, VirtualConsole } from "jsdom";

const PATIENCE_MS = 60_000;
const LOOK_MS = 50;
// What jsdom cannot do is no fault of the page's.
const BEYOND_JSDOM = ["css parsing", "not implemented"];
// What browsers have beside fetch, and jsdom lacks or has so that Node's fetch does not take it.
const LENT = ["Headers", "Request", "Response", "TextDecoder", "TextEncoder"];

const address = new URL("/docs", process.env.API);
const loaded = new Set();
const complaints = [];

/** Notes what the page loads; from elsewhere it gets nothing. What stands in an address itself comes from nowhere. */
function admit(text) {
  const url = new URL(text, address);
  loaded.add(url.href);
  const isOurs = url.origin === address.origin || url.protocol === "data:";
  if (!isOurs) complaints.push(`the page loads ${url.href}`);
  return isOurs ? url : null;
}

class Watched extends ResourceLoader {
  fetch(text, options) {
    return admit(text) ? super.fetch(text, options) : null;
  }
}

const virtualConsole = new VirtualConsole();
virtualConsole.on("error", (...parts) => complaints.push(`the page complains: ${parts.join(" ")}`));
virtualConsole.on("jsdomError", (error) => {
  if (!BEYOND_JSDOM.includes(error.type)) complaints.push(`the page fails: ${error.detail?.stack ?? error.message}`);
});

function lend(window) {
  for (const name of LENT) window[name] = globalThis[name];
  window.fetch = async (text, { method, headers, body } = {}) => {
    const url = admit(text);
    if (!url) throw new TypeError(`${text} is not the bridge's own`);
    return fetch(url, { method, headers, body });
  };
}

/** `METHOD /path` of all that the page lists. */
function shown(window) {
  const blocks = [...window.document.querySelectorAll(".opblock")];
  const part = (block, selector) => block.querySelector(selector);
  return new Set(
    blocks.map((block) => `${part(block, ".opblock-summary-method")?.textContent} ${part(block, "[data-path]")?.dataset.path}`),
  );
}

async function documented() {
  const { paths } = await (await fetch(new URL("/openapi.json", address))).json();
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
  );
  if (operations.length === 0) throw new Error("the document has no operations");
  return operations;
}

async function missing(window, operations) {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = shown(window);
    const left = operations.filter((operation) => !found.has(operation));
    if (left.length === 0 || complaints.length > 0 || Date.now() > end) return left;
    await new Promise((resume) => setTimeout(resume, LOOK_MS));
  }
}

const operations = await documented();
const { window } = await JSDOM.fromURL(address.href, {
  runScripts: "dangerously",
  resources: new Watched(),
  pretendToBeVisual: true,
  virtualConsole,
  beforeParse: lend,
});
const left = await missing(window, operations);
if (left.length > 0) complaints.push(`not on the page: ${left.join(", ")}`);
for (const name of ["docs/page.js", "docs/swagger-ui.css", "openapi.json"]) {
  if (!loaded.has(new URL(`/${name}`, address).href)) complaints.push(`the page did without ${name}`);
}
window.close();
if (complaints.length > 0) {
  console.error(complaints.join("\n"));
  process.exit(1);
}
console.log(`the page shows all ${operations.length} operations`);
process.exit(0);
