// The page: asks for the history once and for what is new every second, and draws it. Whatever comes
// from the server gets into the document as text, never as markup.
(() => {
"use strict";

const $ = (id) => document.getElementById(id);

function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key === "data") Object.assign(made.dataset, value);
    else made[key] = value;
  }
  made.append(...children);
  return made;
}

// --- Numbers as people read them ---

const kNothing = "–";

function scaled(value, base, units, digits = 3) {
  if (value === null || value === undefined || Number.isNaN(value)) return kNothing;
  let unit = 0;
  while (Math.abs(value) >= base && unit < units.length - 1) { value /= base; unit++; }
  const text = Math.abs(value) >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toPrecision(digits);
  return text + units[unit];
}
const count = (value) => scaled(value, 1000, ["", " k", " M", " G", " T"]);
const bytes = (value) => scaled(value, 1024, [" B", " KB", " MB", " GB", " TB"]);
const micros = (value) => scaled(value, 1000, [" µs", " ms", " s"]);
const percent = (value) => value === null || value === undefined || Number.isNaN(value) ? kNothing : value.toFixed(1) + " %";
function duration(seconds) {
  const days = Math.floor(seconds / 86400), hours = Math.floor(seconds / 3600) % 24;
  const minutes = Math.floor(seconds / 60) % 60;
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min` : `${Math.floor(seconds)} s`;
}

// --- History ---

// Columns: the first is time in seconds, the others are series by name.
const history = { names: [], times: [], columns: new Map(), rows: 3600 };
// Between two samples that are further apart than this nobody measured.
const kGapSeconds = 4;

function clearHistory() {
  history.times = [];
  for (const name of history.names) history.columns.set(name, []);
}

function addRow(time, values) {
  history.times.push(time);
  history.names.forEach((name, i) => history.columns.get(name).push(values === null ? null : values[i]));
}

function addHistory(answer) {
  if (history.names.length === 0) {
    history.names = answer.series;
    history.rows = answer.rows;
    clearHistory();
  }
  for (const [time, ...values] of answer.data) {
    const last = history.times[history.times.length - 1];
    if (last !== undefined && time <= last) continue;
    if (last !== undefined && time - last > kGapSeconds) addRow(last + 1, null);
    addRow(time, values);
  }
  const extra = history.times.length - history.rows;
  if (extra <= 0) return;
  history.times.splice(0, extra);
  for (const column of history.columns.values()) column.splice(0, extra);
}

function series(name) { return history.columns.get(name) ?? []; }
function latest(name) { const column = series(name); return column.length ? column[column.length - 1] : null; }
const hitRatio = (hits, misses) => hits === null || hits + misses <= 0 ? null : 100 * hits / (hits + misses);
function hasAny(name) { return series(name).some((value) => value !== null); }

// --- Charts ---

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
// Read once per drawing of the theme, not once per line.
let colors = {};
function readColors() {
  for (const name of ["--s1", "--s2", "--s3", "--s4", "--quiet", "--grid", "--moderate", "--aggressive"]) {
    colors[name] = color(name);
  }
}
readColors();

// What clients saw where somebody measures it, else how long commands ran.
const latencyKind = () => hasAny("service_p50") ? "service" : "execution";
const latencySeries = (part) => () => series(`${latencyKind()}_${part}`);

const kCharts = [
  { id: "requests", title: "Requests per second", format: count, lines: [
    ["requests", () => series("requests")], ["errors", () => series("errors")]] },
  { id: "hit-ratio", title: "Hit ratio", format: percent, range: [0, 100], lines: [
    ["hits", () => series("hits").map((hits, i) => hitRatio(hits, series("misses")[i]))]] },
  { id: "latency", title: () => latencyKind() === "service" ? "Latency as clients see it" : "Time that commands take",
    format: micros, isLog: true, lines: [
    ["p50", latencySeries("p50")], ["p95", latencySeries("p95")], ["p99", latencySeries("p99")],
    ["p99.9", latencySeries("p999")]] },
  { id: "memory", title: "Memory, its limit and pressure", format: bytes, bands: true, limitLine: true, lines: [
    ["used", () => series("memory_used")], ["resident", () => series("memory_rss")],
    ["limit", () => series("memory_limit"), { dash: [6, 4] }]] },
  { id: "removals", title: "Evictions and expirations per second", format: count, lines: [
    ["evicted", () => series("evicted")], ["expired", () => series("expired")]] },
  { id: "clients", title: "Clients", format: count, lines: [
    ["connected", () => series("clients")], ["waiting", () => series("blocked")],
    ["new per second", () => series("connections")]] },
  { id: "keys", title: "Keys", format: count, lines: [
    ["keys", () => series("keys")], ["with expiry", () => series("keys_expiring")]] },
  { id: "network", title: "Network per second", format: bytes, lines: [
    ["in", () => series("input_bytes")], ["out", () => series("output_bytes")]] },
  { id: "processor", title: "Processor", format: percent, lines: [
    ["user", () => series("cpu_user")], ["system", () => series("cpu_system")],
    ["loop busy", () => series("loop_busy")]] },
];

let shownSeconds = 900;
const kChartHeight = 180;
// Steps of an axis of bytes: round in units of 1024.
const kByteSteps = Array.from({ length: 50 }, (_, power) => 2 ** power);

function clockTime(seconds, withSeconds = false) {
  if (seconds === null || seconds === undefined) return kNothing;
  return new Date(seconds * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit",
    ...(withSeconds ? { second: "2-digit" } : {}), hourCycle: "h23" });
}

// Where memory was short, the ground of the plot says so.
function drawBands(plot) {
  const levels = series("pressure_level"), times = history.times;
  const { left, top, width, height } = plot.bbox;
  plot.ctx.save();
  plot.ctx.beginPath();
  plot.ctx.rect(left, top, width, height);
  plot.ctx.clip();
  for (let i = 0; i < levels.length; i++) {
    if (!levels[i]) continue;
    let end = i;
    while (end + 1 < levels.length && levels[end + 1] === levels[i]) end++;
    const from = plot.valToPos(times[i], "x", true);
    const to = plot.valToPos(times[end] + 1, "x", true);
    plot.ctx.fillStyle = colors[levels[i] === 1 ? "--moderate" : "--aggressive"];
    plot.ctx.fillRect(from, top, Math.max(to - from, 1), height);
    i = end;
  }
  plot.ctx.restore();
}

// A limit that is far away does not press what is used to the ground; the legend has it.
function rangeBelowLimit(plot, min, max) {
  const most = Math.max(1, ...plot.data[1], ...plot.data[2]);
  return [0, max <= 4 * most ? max * 1.1 : most * 1.5];
}

function rangeOf(chart) {
  if (chart.limitLine) return rangeBelowLimit;
  if (chart.range) return () => chart.range;
  if (chart.isLog) return (plot, min, max) => uPlot.rangeLog(Math.max(min ?? 1, 0.1), Math.max(max ?? 10, 1), 10, false);
  return (plot, min, max) => [0, max > 0 ? max * 1.1 : 1];
}

function makeChart(chart) {
  const card = element("article", { id: `chart-${chart.id}` });
  const title = element("h2");
  const place = element("div");
  card.append(title, place);
  $("charts").append(card);
  const axis = { stroke: () => colors["--quiet"], grid: { stroke: () => colors["--grid"], width: 1 },
    ticks: { stroke: () => colors["--grid"], width: 1 }, font: "12px system-ui, sans-serif" };
  const plot = new uPlot({
    width: Math.max(place.clientWidth, 260), height: kChartHeight,
    cursor: { sync: { key: "time" }, y: false, drag: { x: false, y: false } },
    scales: { x: { time: true }, y: { distr: chart.isLog ? 3 : 1, range: rangeOf(chart) } },
    axes: [
      { ...axis, space: 70, size: 30, values: (self, ticks, axisIndex, room, step) => ticks.map((tick) => clockTime(tick, step < 60)) },
      { ...axis, size: 62, values: (self, ticks) => ticks.map((tick) => tick === null ? "" : chart.format(tick)),
        ...(chart.format === bytes ? { incrs: kByteSteps } : {}) }],
    // Without a cursor the legend has the latest values.
    series: [{ label: "at", value: (self, time, of, at) => clockTime(at === null ? self.data[0].at(-1) : time, true) },
      ...chart.lines.map(([label, , more], i) => ({ label, stroke: () => colors[`--s${i + 1}`], width: 1.5,
        points: { show: false },
        value: (self, value, of, at) => chart.format(at === null ? self.data[of].at(-1) : value), ...more }))],
    hooks: chart.bands ? { drawClear: [drawBands] } : {},
  }, [[], ...chart.lines.map(() => [])], place);
  const watcher = new ResizeObserver(() => {
    if (place.clientWidth > 0) plot.setSize({ width: place.clientWidth, height: kChartHeight });
  });
  watcher.observe(place);
  return { ...chart, titleElement: title, plot, watcher };
}

let charts = [];

// Anew when the scheme changes: legends keep the colours that they were made with.
function makeCharts() {
  for (const chart of charts) {
    chart.watcher.disconnect();
    chart.plot.destroy();
  }
  $("charts").replaceChildren();
  charts = kCharts.map(makeChart);
  drawCharts();
}

function drawCharts() {
  const end = history.times.length ? history.times[history.times.length - 1] : Date.now() / 1000;
  // A history of a minute in a plot of an hour would be a line at its edge.
  const from = Math.max(end - shownSeconds, Math.min(history.times[0] ?? end, end - 60));
  for (const chart of charts) {
    chart.titleElement.textContent = typeof chart.title === "function" ? chart.title() : chart.title;
    chart.plot.setData([history.times, ...chart.lines.map(([, values]) => values())], false);
    chart.plot.setScale("x", { min: from, max: end });
    chart.plot.setLegend();
  }
}

// --- Now ---

// Sections of INFO: a name to a list of [field, text].
function sectionsOf(info) {
  const sections = new Map();
  for (const [name, ...fields] of info) {
    if (!sections.has(name)) sections.set(name, []);
    sections.get(name).push(...fields);
  }
  return sections;
}

const kTiles = [
  ["requests", "Requests/s", (f) => [count(latest("requests")), `${count(Number(f("total_commands_processed")))} in all`]],
  ["hit-ratio", "Hit ratio", (f) => [percent(hitRatio(latest("hits"), latest("misses"))),
    `${percent(hitRatio(Number(f("keyspace_hits")), Number(f("keyspace_misses"))))} since start`]],
  ["latency", "p99", () => [micros(latest(`${latencyKind()}_p99`)), `p50 ${micros(latest(`${latencyKind()}_p50`))}`]],
  ["memory", "Memory", (f) => [bytes(Number(f("used_memory"))),
    Number(f("maxmemory")) > 0 ? `of ${bytes(Number(f("maxmemory")))}` : "no limit set"]],
  ["pressure", "Pressure", (f) => [f("pressure_level") ?? kNothing,
    f("pressure_percent") === undefined ? "not measured" : `${f("pressure_percent")} % of what may be used`]],
  ["keys", "Keys", () => [count(latest("keys")), `${count(latest("keys_expiring"))} with expiry`]],
  ["removals", "Evicted/s", (f) => [count(latest("evicted")), `${count(latest("expired"))} expired/s`]],
  ["clients", "Clients", (f) => [f("connected_clients"), `${f("blocked_clients")} waiting, ${count(Number(f("maxclients")))} allowed`]],
];

function drawTiles(field) {
  for (const [id, , values] of kTiles) {
    const [value, more] = values(field);
    const tile = $(`tile-${id}`);
    tile.querySelector(".value").textContent = value;
    tile.querySelector(".more").textContent = more;
    if (id === "pressure") tile.querySelector(".value").dataset.level = value;
  }
}

// `columns`: [title, isNumber]; a cell is a text.
function table(columns, rows) {
  const head = element("tr", {}, ...columns.map(([title, isNumber]) =>
    element("th", { textContent: title, className: isNumber ? "number" : "" })));
  const body = rows.map((cells) => element("tr", {}, ...cells.map((cell, i) =>
    element("td", { textContent: cell, className: columns[i][1] ? "number" : "text",
      data: ["warn", "error"].includes(cell) ? { level: cell } : {} }))));
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...body));
}

function show(id, content) { $(id).querySelector(".body").replaceChildren(content); }
function note(text) { return element("p", { className: "note", textContent: text }); }
function text(value) {
  if (value === null || value === undefined) return kNothing;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
const isNumeric = (value) => value !== "" && value !== null && !Number.isNaN(Number(value));

function drawCommands(commands) {
  if (commands.length === 0) return show("commands", note("No command has run in the last seconds."));
  show("commands", table([["command"], ["per second", true], ["mean", true], ["share of a core", true], ["calls", true]],
    commands.map(([name, calls, busy, total]) =>
      [name, count(calls), micros(calls > 0 ? busy / calls : null), percent(busy / 1e4), count(total)])));
}

function drawSlowlog(entries) {
  if (entries === null) return show("slowlog", note("The module that keeps a slow log is not there."));
  if (entries.length === 0) return show("slowlog", note("No command was slow."));
  show("slowlog", table([["when"], ["waited", true], ["took", true], ["command"], ["client"]], entries.map((entry) =>
    [clockTime(entry[1], true), micros(entry[6]), micros(entry[2]), entry[3].join(" ").slice(0, 200), text(entry[4])])));
}

// Whatever shape a reply has: lists of [name, number, ...], or names with such lists.
function replyTable(reply) {
  if (!Array.isArray(reply)) {
    const lists = Object.entries(reply).filter(([, value]) => Array.isArray(value) && value.length > 0);
    if (lists.length === 0) return table([["field"], ["value"]], Object.entries(reply).map(([key, value]) => [key, text(value)]));
    return element("div", {}, ...lists.flatMap(([key, value]) => [note(key), replyTable(value)]));
  }
  const isMap = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
  if (reply.length === 1 && isMap(reply[0])) return replyTable(reply[0]);
  if (reply.every(isMap)) {
    const names = [...new Set(reply.flatMap((row) => Object.keys(row)))];
    return table(names.map((name) => [name, reply.every((row) => isNumeric(row[name]))]), reply.map((row) => names.map((name) => text(row[name]))));
  }
  // A flat list of names and numbers in turn.
  const isFlat = reply.length % 2 === 0 && reply.every((value, i) => !Array.isArray(value) && (i % 2 === 0 || isNumeric(value)));
  const rows = isFlat ? reply.flatMap((value, i) => i % 2 === 0 ? [[value, reply[i + 1]]] : []) : reply.map((row) => Array.isArray(row) ? row : [row]);
  const width = Math.max(0, ...rows.map((row) => row.length));
  const columns = Array.from({ length: width }, (_, i) => ["", i > 0 && rows.every((row) => isNumeric(row[i]))]);
  return table(columns, rows.map((row) => columns.map((_, i) => i < row.length ? text(row[i]) : "")));
}

function isEmpty(reply) {
  return reply === null || (Array.isArray(reply) ? reply.length === 0 : typeof reply === "object" && Object.keys(reply).length === 0);
}

// What is asked of modules that may not be there: null is the answer then.
const kPanels = [
  ["hotkeys", "The module that looks for hot keys is not there.", "No key stands out."],
  ["prefixes", "The module that counts by prefix is not there.", "No prefix has been used."],
  ["bigkeys", "The module that looks for big keys is not there.", "No key is big."],
  ["heavyclients", "The module that looks for heavy clients is not there.", "Nobody stands out."],
  ["alerts", "The module that watches budgets is not there.", "No budget is set."],
  ["advice", "The module that gives advice is not there.", "Nothing to improve."],
];

function drawOthers(replies) {
  for (const [id, missing, none] of kPanels) {
    const reply = replies[id === "alerts" ? "budgets" : id] ?? null;
    if (reply === null) show(id, note(missing));
    else show(id, isEmpty(reply) ? note(none) : replyTable(reply));
  }
}

// The list is made anew only when its fields change: somebody may be reading or selecting in it.
let fieldElements = new Map();
function drawFields(sections) {
  const names = [];
  for (const [section, fields] of sections) for (const [name] of fields) names.push(`${section}/${name}`);
  if (names.length !== fieldElements.size || names.some((name) => !fieldElements.has(name))) {
    fieldElements = new Map();
    const made = [];
    for (const [section, fields] of sections) {
      if (fields.length === 0) continue;
      made.push(element("h3", { textContent: section }));
      for (const [name] of fields) {
        const value = element("span");
        fieldElements.set(`${section}/${name}`, value);
        made.push(element("div", { className: "field", data: { field: name } }, element("span", { textContent: name }), value));
      }
    }
    $("fields").replaceChildren(...made);
    filterFields();
  }
  for (const [section, fields] of sections) {
    for (const [name, value] of fields) {
      const shown = fieldElements.get(`${section}/${name}`);
      if (shown.textContent !== value) shown.textContent = value;
    }
  }
}

function filterFields() {
  const wanted = $("filter").value.trim().toLowerCase();
  for (const field of $("fields").querySelectorAll(".field")) field.hidden = !field.dataset.field.toLowerCase().includes(wanted);
}

function drawNow(now) {
  const sections = sectionsOf(now.info);
  const fields = new Map([...sections.values()].flat());
  const field = (name) => fields.get(name);
  $("identity").textContent = `${field("larder_version")} · ${field("role")} · port ${field("tcp_port")} · up ${duration(Number(field("uptime_in_seconds")))}`;
  document.title = `Larder · ${field("tcp_port")}`;
  drawTiles(field);
  drawCommands(now.commands);
  drawSlowlog(now.replies.slowlog);
  drawOthers(now.replies);
  drawFields(sections);
  return field("run_id");
}

// --- The turn of a second ---

let isPaused = false;
let runId;

function setStatus(state, words) {
  $("status").dataset.state = state;
  $("status").textContent = words;
}

async function ask(path) {
  const answer = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(5000) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

async function refresh() {
  const since = history.times.length ? history.times[history.times.length - 1] : 0;
  addHistory(await ask(`api/history?since=${since}`));
  const now = await ask("api/now");
  // Another server has taken the place of the one whose history this is.
  const isNew = runId !== undefined && runId !== now.info.flat().find((field) => field[0] === "run_id")?.[1];
  if (isNew) {
    clearHistory();
    addHistory(await ask("api/history?since=0"));
  }
  runId = drawNow(now);
  drawCharts();
  document.body.dataset.refreshed = String(Number(document.body.dataset.refreshed ?? 0) + 1);
}

async function turn() {
  const began = Date.now();
  if (!isPaused && !document.hidden) {
    try {
      await refresh();
      setStatus(isPaused ? "paused" : "live", isPaused ? "paused" : "live");
    } catch (error) {
      setStatus("lost", "no answer");
      document.body.dataset.failure = String(error);
    }
  }
  setTimeout(turn, Math.max(200, 1000 - (Date.now() - began)));
}

function start() {
  for (const [id, title] of kTiles) {
    $("tiles").append(element("div", { className: "tile", id: `tile-${id}` }, element("dl", {},
      element("dt", { textContent: title }), element("dd", { className: "value", textContent: kNothing }),
      element("dd", { className: "more" }))));
  }
  makeCharts();
  for (const button of $("spans").children) {
    button.addEventListener("click", () => {
      shownSeconds = Number(button.dataset.seconds);
      for (const other of $("spans").children) other.setAttribute("aria-pressed", String(other === button));
      drawCharts();
    });
  }
  $("pause").addEventListener("click", () => {
    isPaused = !isPaused;
    $("pause").setAttribute("aria-pressed", String(isPaused));
    setStatus(isPaused ? "paused" : "live", isPaused ? "paused" : "live");
  });
  $("filter").addEventListener("input", filterFields);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    readColors();
    makeCharts();
  });
  turn();
}

start();
})();
