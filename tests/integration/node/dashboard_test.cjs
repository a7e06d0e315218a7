// The page of modules/metrics in a browser: what it shows is what INFO says, it asks nobody else for
// anything, and complains about nothing. Pictures of it are left in LARDER_SCREENSHOTS.
"use strict";

const { createClient } = require("redis");
const { writeFileSync } = require("node:fs");
const { join } = require("node:path");
const { after, before, test } = require("node:test");
const { Browser } = require("./browser.cjs");
const { assert, eventually, port } = require("./support.cjs");

const metricsPort = Number(process.env.LARDER_METRICS_PORT);
const address = `http://127.0.0.1:${metricsPort}/`;
const bound = { timeout: 240_000 };

let client;
let browser;
const complaints = [];
const requested = [];

// Waits in the page: asking it over and over would keep it from its work.
const refreshes = (count) => browser.evaluate(`new Promise((resolve) => {
  const seen = () => Number(document.body?.dataset.refreshed ?? 0);
  const wanted = seen() + ${count};
  const watch = setInterval(() => { if (seen() >= wanted) { clearInterval(watch); resolve(); } }, 20); })`);
const textOf = (selector) => browser.evaluate(`document.querySelector(${JSON.stringify(selector)})?.textContent`);

async function infoFields() {
  const fields = new Map();
  for (const line of (await client.info("everything")).split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0 && !line.startsWith("#")) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return fields;
}

async function picture(name) {
  if (process.env.LARDER_SCREENSHOTS === undefined) return;
  const { data } = await browser.send("Page.captureScreenshot", { captureBeyondViewport: true });
  writeFileSync(join(process.env.LARDER_SCREENSHOTS, `${name}.png`), Buffer.from(data, "base64"));
}

before(async () => {
  client = await createClient({ socket: { port, host: "127.0.0.1" } }).connect();
  browser = new Browser();
  await browser.open();
  browser.onEvent((method, params) => {
    if (method === "Runtime.exceptionThrown") complaints.push(JSON.stringify(params.exceptionDetails));
    if (method === "Runtime.consoleAPICalled") complaints.push(JSON.stringify(params.args));
    if (method === "Log.entryAdded") complaints.push(params.entry.text);
    if (method === "Network.requestWillBeSent") requested.push(params.request.url);
  });
  // History that was there before the page was.
  await client.set("page", "x".repeat(1000));
  await eventually(async () => Number((await infoFields()).get("metrics_history_rows")) >= 3);
  await browser.send("Emulation.setDeviceMetricsOverride", { width: 1440, height: 900, deviceScaleFactor: 1, mobile: false });
  const loaded = new Promise((resolve) => browser.onEvent((method) => method === "Page.loadEventFired" && resolve()));
  await browser.send("Page.navigate", { url: address });
  await loaded;
  await refreshes(1);
}, bound);

after(async () => {
  await browser?.close();
  await client?.close();
});

test("fields are those of INFO", bound, async () => {
  const fieldsOf = () => browser.evaluate(
    `Object.fromEntries([...document.querySelectorAll("#fields .field")].map((e) => [e.dataset.field, e.lastChild.textContent]))`);
  const before = await infoFields();
  await refreshes(2);
  const shown = await fieldsOf();
  await refreshes(1);
  const later = await infoFields();
  let compared = 0;
  for (const [name, value] of before) {
    if (name.startsWith("cmdstat_") || name.startsWith("latency_percentiles_")) continue;
    assert.ok(name in shown, `${name} is missing`);
    // Those that stand still, and those that only grow.
    const [low, seen, high] = [value, shown[name], later.get(name)];
    // Those of memory and of the moment come and go, and may be back where they were.
    if (/memory|allocator|mem_|rss|frag|instantaneous|recent|usec|lru_clock|pressure_|connections|_max/.test(name)) continue;
    if (low === high) {
      assert.equal(seen, low, name);
      compared++;
    } else if (/^(total_|uptime|keyspace_|used_cpu|eventloop_cycles)/.test(name)) {
      assert.ok(Number(low) <= Number(seen) && Number(seen) <= Number(high), `${name}: ${low} ${seen} ${high}`);
      compared++;
    }
  }
  assert.ok(compared > 80, `${compared} compared`);
});

test("tiles are those of INFO", bound, async () => {
  await client.configSet("maxmemory", "100mb");
  await refreshes(2);
  const fields = await infoFields();
  assert.equal(await textOf("#tile-clients .value"), fields.get("connected_clients"));
  assert.equal(await textOf("#tile-keys .value"), String(await client.dbSize() + 1));
  assert.equal(await textOf("#tile-memory .more"), "of 100 MB");
  const used = Number(fields.get("used_memory")) / 1024 / 1024;
  assert.ok(Math.abs(parseFloat(await textOf("#tile-memory .value")) - used) < Math.max(0.1, used * 0.2));
  assert.match(await textOf("#identity"), new RegExp(`port ${port}`));
  assert.equal(await browser.evaluate(`document.querySelector("#status").dataset.state`), "live");
});

test("the history is there at once, and the plots show it", bound, async () => {
  const answer = await (await fetch(`${address}api/history`)).json();
  assert.ok(answer.data.length >= 3);
  for (const [, ...values] of answer.data) assert.equal(values.length, answer.series.length);
  const row = (name) => answer.data.map((values) => values[1 + answer.series.indexOf(name)]);
  const last = (name) => row(name).at(-1);
  assert.equal(last("clients"), Number((await infoFields()).get("connected_clients")));
  assert.equal(await browser.evaluate(`document.querySelectorAll("#charts canvas").length`), 9);
  // Something is drawn: a canvas of one colour is not a plot.
  const painted = await browser.evaluate(`(() => {
    const canvas = document.querySelector("#chart-memory canvas");
    const pixels = new Uint32Array(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer);
    return new Set(pixels).size; })()`);
  assert.ok(painted > 10, `${painted} colours`);
  // Without a cursor the legend has what was last.
  assert.equal(await textOf("#chart-clients .u-series:nth-child(2) .u-value"), String(last("clients")));
  assert.match(await textOf("#chart-clients .u-series:nth-child(1) .u-value"), /^\d\d:\d\d:\d\d$/);
  // Only what is new is asked for.
  const since = answer.data.at(-1)[0];
  const news = await (await fetch(`${address}api/history?since=${since}`)).json();
  assert.ok(news.data.every(([time]) => time > since));
});

test("data is shown as text, whatever it is", bound, async () => {
  await client.sendCommand(["SET", "<img src=x onerror=alert(1)>", "\u0000\u0007"]);
  await client.sendCommand(["GET", Buffer.from([0xff, 0xfe, 0x3c])]);
  await eventually(async () => {
    const shown = (await textOf("#slowlog table")) ?? "";
    return shown.includes("<img src=x onerror=alert(1)>") && shown.includes("\\xff\\xfe<") &&
      /get/.test(await textOf("#commands table"));
  });
  assert.equal(await browser.evaluate(`document.querySelectorAll("#slowlog img").length`), 0);
});

// The table of a panel: an object for each row, by the titles of the columns. What is alone there is shown with a
// line for each of its fields.
const rowsOf = (id) => browser.evaluate(`(() => {
  const cells = (row) => [...row.children].map((cell) => cell.textContent);
  const [head, ...rows] = [...document.querySelectorAll("#${id} tr")].map(cells);
  if (head?.join() === "field,value") return [Object.fromEntries(rows)];
  return rows.map((row) => Object.fromEntries(row.map((text, i) => [head[i], text]))); })()`);
// A reply that is a list of maps, as the version of the protocol without maps sends it.
async function maps(...words) {
  return (await client.sendCommand(words)).map((flat) => Object.fromEntries(
    flat.flatMap((name, i) => i % 2 === 0 ? [[name, flat[i + 1]]] : [])));
}

test("panels show what the server says", bound, async () => {
  await client.sendCommand(["BUDGET", "SET", "plenty", "METRIC", "used_memory", "WARN", "1e15", "ERROR", "2e15"]);
  await client.set("panel:hot", "value");
  await Promise.all(Array.from({ length: 3000 }, () => client.get("panel:hot")));
  await client.set("panel:last", "value");
  const shown = async (id, same) => {
    let rows;
    await eventually(async () => { await refreshes(1); rows = await rowsOf(id); return rows.some(same); });
    return rows.find(same);
  };
  const [hottest] = await maps("HOTSPOTS", "KEYS", "BY", "REQUESTS");
  assert.equal(hottest.key, "panel:hot");
  // Its share gets smaller with each request that comes.
  await shown("hotkeys", (row) => row.key === hottest.key && row.db === String(hottest.db) &&
    Number(row["requests-percent"]) > 0 && Number(row["requests-percent"]) <= Number(hottest["requests-percent"]) + 5);
  const prefix = (await maps("HOTSPOTS", "NAMESPACES")).find((row) => row.prefix === "panel:");
  // Counts fade with time, at the same rate.
  await shown("prefixes", (row) => row.prefix === "panel:" &&
    Math.abs(row.sets / row.requests - prefix.sets / prefix.requests) < 0.05);
  const [heaviest] = await maps("HOTSPOTS", "CLIENTS");
  await shown("heavyclients", (row) => row.host === heaviest.host && row.user === heaviest.user &&
    row.connections === String(heaviest.connections));
  await shown("alerts", (row) => row.name === "plenty" && row.state === "ok" && row.metric === "used_memory");
  // Of a slow request also how long it has waited.
  const entries = await client.sendCommand(["COMMANDLOG", "GET", "20", "slow", "WITHQUEUE"]);
  const entry = entries.find((fields) => fields[3].join(" ") === "SET panel:last value");
  const us = (text) => parseFloat(text) * { "µs": 1, ms: 1e3, s: 1e6 }[text.split(" ")[1]];
  const slow = await shown("slowlog", (row) => row.command === "SET panel:last value");
  assert.ok(Math.abs(us(slow.waited) - entry[6]) <= entry[6] / 100, `${slow.waited}, ${entry[6]}`);
  assert.ok(Math.abs(us(slow.took) - entry[2]) <= entry[2] / 100, `${slow.took}, ${entry[2]}`);
});

test("it looks well in the light, in the dark, and on a phone", bound, async () => {
  const noise = setInterval(() => Promise.all(Array.from({ length: 200 }, (_, i) => client.get(`key:${i}`))), 100);
  await refreshes(2);
  clearInterval(noise);
  const colours = new Set();
  for (const scheme of ["light", "dark"]) {
    await browser.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
    await refreshes(1);
    colours.add(await browser.evaluate("getComputedStyle(document.body).backgroundColor"));
    await picture(scheme);
  }
  assert.equal(colours.size, 2);
  await browser.send("Emulation.setDeviceMetricsOverride", { width: 390, height: 844, deviceScaleFactor: 2, mobile: true });
  await refreshes(2);
  await picture("phone");
  // Nothing sticks out to the side.
  assert.ok(await browser.evaluate("document.documentElement.scrollWidth <= window.innerWidth"));
});

test("it asked nobody else, and complained about nothing", async () => {
  assert.ok(requested.length > 4);
  for (const url of requested) assert.ok(url.startsWith(address) || url === "data:,", url);
  assert.deepEqual(complaints, []);
});
