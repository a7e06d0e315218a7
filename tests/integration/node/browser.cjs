// A browser without a window, spoken to over two pipes: each message is a line of JSON that ends with a
// zero byte. Needs nothing but Debian's chromium.
"use strict";

const { spawn } = require("node:child_process");
const { mkdtempSync, rmSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");

class Browser {
  #process;
  #profile = mkdtempSync(join(tmpdir(), "larder-browser-"));
  #last = 0;
  #answers = new Map();
  #listeners = [];
  #rest = Buffer.alloc(0);
  #session;

  constructor() {
    const flags = ["--headless=new", "--remote-debugging-pipe", `--user-data-dir=${this.#profile}`, "--no-first-run",
      "--disable-gpu", "--disable-dev-shm-usage", "--disable-extensions", "--disable-background-networking",
      "--disable-component-update", "--hide-scrollbars",
      // Containers as a rule do not allow what the sandbox needs, and the pages are our own.
      "--no-sandbox"];
    this.#process = spawn("chromium", [...flags, "about:blank"], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
    this.#process.on("error", (error) => this.#fail(error));
    this.#process.on("exit", (code) => this.#fail(new Error(`the browser has ended (${code})`)));
    this.#process.stdio[4].on("data", (bytes) => this.#read(bytes));
  }

  #fail(error) {
    for (const { reject } of this.#answers.values()) reject(error);
    this.#answers.clear();
  }

  #read(bytes) {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    for (let end = this.#rest.indexOf(0); end >= 0; end = this.#rest.indexOf(0)) {
      const message = JSON.parse(this.#rest.subarray(0, end).toString("utf8"));
      this.#rest = this.#rest.subarray(end + 1);
      const answer = this.#answers.get(message.id);
      if (message.id === undefined) {
        for (const listener of this.#listeners) listener(message.method, message.params);
      } else if (answer !== undefined) {
        this.#answers.delete(message.id);
        message.error ? answer.reject(new Error(message.error.message)) : answer.resolve(message.result);
      }
    }
  }

  send(method, params = {}) {
    const id = ++this.#last;
    const sent = new Promise((resolve, reject) => this.#answers.set(id, { resolve, reject }));
    this.#process.stdio[3].write(JSON.stringify({ id, method, params, sessionId: this.#session }) + "\0");
    return sent;
  }

  onEvent(listener) {
    this.#listeners.push(listener);
  }

  // Opens a page; what it says and asks for is told to onEvent().
  async open() {
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank" });
    this.#session = (await this.send("Target.attachToTarget", { targetId, flatten: true })).sessionId;
    for (const domain of ["Page", "Runtime", "Log", "Network"]) await this.send(`${domain}.enable`);
  }

  // The value of an expression in the page.
  async evaluate(expression) {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true });
    if (exceptionDetails !== undefined) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  async close() {
    this.#process.removeAllListeners("exit");
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    // Its helpers end with it only if it is asked, and write to the profile until then.
    const limit = setTimeout(() => this.#process.kill("SIGKILL"), 10_000);
    this.#session = undefined;
    this.send("Browser.close").catch(() => {});
    await ended;
    clearTimeout(limit);
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }
}

module.exports = { Browser };
