// Makes dist/ out of the sources beside this file: one page that needs nothing from anywhere, and the
// policy that lets a browser run just what is in it.
//
//   npm ci --ignore-scripts      puts the plotting library into node_modules
//   node bundle.mjs              writes dist/
//   node bundle.mjs --check      says whether dist/ is what it would write
//
// LARDER_PAGE_MODULES names another node_modules.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const library = join(process.env.LARDER_PAGE_MODULES ?? join(here, "node_modules"), "uplot");
const own = (name) => readFileSync(join(here, name), "utf8");
const theirs = (name) => readFileSync(join(library, name), "utf8");

const license = theirs("LICENSE");
const notice = `/*!\nuPlot ${JSON.parse(theirs("package.json")).version}, https://github.com/leeoniya/uPlot\n\n${license.trim()}\n*/\n`;

const style = notice + theirs("dist/uPlot.min.css").trim() + "\n" + own("dashboard.css");
const script = notice + theirs("dist/uPlot.iife.min.js").trim() + "\n" + own("dashboard.js");
if (/<\/(script|style)/i.test(style + script)) throw new Error("the parts would end their own elements");

const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
const policy = [
  "default-src 'none'", `script-src ${hash(script)}`, `style-src ${hash(style)}`, "connect-src 'self'", "img-src data:",
  "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
].join("; ");

// Functions, because replacement strings give '$' a meaning.
const page = own("dashboard.html")
  .replace("<style></style>", () => `<style>${style}</style>`)
  .replace("<script></script>", () => `<script>${script}</script>`);

const files = {
  "dashboard.html": page,
  // A whole line of the answer's head.
  "dashboard.csp": `Content-Security-Policy: ${policy}\r\n`,
  "LICENSE.uPlot": license,
};

if (process.argv.includes("--check")) {
  for (const [name, text] of Object.entries(files)) {
    if (own(join("dist", name)) !== text) {
      console.error(`dist/${name} is older than its sources: run node bundle.mjs`);
      process.exit(1);
    }
  }
} else {
  mkdirSync(join(here, "dist"), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(here, "dist", name), text);
}
