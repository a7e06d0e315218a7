// What the files beside this one share. They run against the server at LARDER_PORT and empty it.
"use strict";

const assert = require("node:assert/strict");

const port = Number(process.env.LARDER_PORT);
const bound = { timeout: 20_000 };

// Messages of any source, and the wait for the next one.
class Inbox {
  #messages = [];
  #waiting = [];

  put(...message) {
    const next = this.#waiting.shift();
    next ? next(message) : this.#messages.push(message);
  }

  async next() {
    if (this.#messages.length > 0) return this.#messages.shift();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  get isEmpty() {
    return this.#messages.length === 0;
  }
}

// Asks until the condition holds. The bound of the test ends it otherwise.
async function eventually(condition) {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 2));
}

module.exports = { assert, bound, eventually, Inbox, port };
