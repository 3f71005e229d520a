// Draws each dashboard's panels as one SVG from what a Prometheus answers to their expressions now.
// It is no picture of Grafana: the layout, titles, units, thresholds and legends are the dashboard's own,
// the drawing is this file's.
//
//   node tests/grafana/draw.mjs http://127.0.0.1:9090 docs/grafana dashboards/*.json
//
// Variables: CLUSTER, GROUP, TOPIC (regular expressions, `.*` if not set), MINUTES (30).
// It ends with 1 if a panel is empty.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const [server, into, ...files] = process.argv.slice(2);
const MINUTES = Number(process.env.MINUTES ?? 30);
const FILLED = {
  $cluster: process.env.CLUSTER ?? '.*',
  $group: process.env.GROUP ?? '.*',
  $topic: process.env.TOPIC ?? '.*',
  $__rate_interval: '1m',
};
const NOW = Math.floor(Date.now() / 1000);
const COLUMN = 52, ROW = 34, GAP = 8, TOP = 58;
const PALETTE = ['#1f5fbf', '#c4570c', '#1d7a4a', '#7a3fb0', '#a3285e', '#5b6675', '#0d7f8c', '#8a6d00', '#3b3fb5', '#b3261e'];
const COLOURS = { green: '#1d7a4a', yellow: '#a66a00', orange: '#c4570c', red: '#b3261e', blue: '#1f5fbf' };
/** Lines of a chart that stand in its legend, and rows of a table. */
const LINES = 6;

async function ask(what, parameters) {
  const answer = await fetch(`${server}/api/v1/${what}?${new URLSearchParams(parameters)}`);
  const body = await answer.json();
  if (body.status !== 'success') throw new Error(`${parameters.query}: ${body.error}`);
  return body.data.result;
}

/** Prometheus writes `+Inf`. */
const read = (value) => Number(value.replace('Inf', 'Infinity'));
const filled = (expr) => Object.entries(FILLED).reduce((e, [name, value]) => e.replaceAll(name, value), expr);
const escaped = (text) => String(text).replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);
const called = (legend, metric) => legend.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name) => metric[name] ?? '');
const cut = (text, width, size = 12) => {
  const most = Math.max(1, Math.floor(width / (size * 0.56)));
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
};

function number(value) {
  for (const [unit, sign] of [[1e9, 'G'], [1e6, 'M'], [1e3, 'k']]) {
    if (Math.abs(value) >= unit) return `${+(value / unit).toPrecision(3)}${sign}`;
  }
  return `${+value.toPrecision(3)}`;
}

function duration(seconds) {
  if (!Number.isFinite(seconds)) return seconds > 0 ? '∞' : 'unknown';
  for (const [unit, sign] of [[86400, 'd'], [3600, 'h'], [60, 'min']]) {
    if (seconds >= 1.5 * unit) return `${+(seconds / unit).toPrecision(3)} ${sign}`;
  }
  return `${+seconds.toPrecision(3)} s`;
}

function shown(value, unit) {
  if (unit === 's') return duration(value);
  if (!Number.isFinite(value)) return value > 0 ? '∞' : 'unknown';
  const signs = { cps: '/s', reqps: ' req/s' };
  return `${number(value)}${signs[unit] ?? ''}`;
}

function text(x, y, value, more = '') {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${escaped(value)}</text>`;
}

/** The end of a scale: the next of 1, 2, 5 times a power of ten, of a person's units for time. */
function end(value, unit) {
  if (!(value > 0)) return 1;
  const times = [1, 2, 4, 10, 20, 30, 60, 120, 240, 600, 1200, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 172800];
  const time = unit === 's' && times.find((t) => t >= value);
  if (time) return time;
  const base = unit === 's' ? 86400 : 1;
  const power = 10 ** Math.floor(Math.log10(value / base));
  return [1, 2, 5, 10].map((s) => s * power * base).find((s) => s >= value * 0.999999);
}

function stat(panel, results, box) {
  const { unit, thresholds, mappings } = panel.fieldConfig.defaults;
  const sample = results[0].result[0];
  if (!sample) return null;
  const value = read(sample.value[1]);
  const word = (mappings ?? []).flatMap((m) => Object.entries(m.options)).find(([number]) => Number(number) === value)?.[1];
  const steps = thresholds.steps.filter((s) => s.value === null || value >= s.value);
  const plain = panel.options.colorMode === 'none';
  const colour = plain ? '#1c2430' : COLOURS[word?.color ?? steps.at(-1).color];
  const big = `font-size="30" font-weight="600" text-anchor="middle" style="fill:${colour}"`;
  return text(box.x + box.w / 2, box.y + box.h - 26, word?.text ?? shown(value, unit), big);
}

/** Columns as Grafana's merge and organize leave them: labels that all have, then values. */
function table(panel, results, box) {
  const rows = new Map();
  const names = results.map(({ target }) => target.legendFormat);
  results.forEach(({ result }, at) => {
    for (const { metric, value } of result) {
      const key = `${metric.kafka_cluster} ${metric.group}${results.length > 1 ? '' : ` ${metric.topic} ${metric.partition}`}`;
      const row = rows.get(key) ?? { metric: {}, values: [] };
      Object.assign(row.metric, metric);
      row.values[at] = read(value[1]);
      rows.set(key, row);
    }
  });
  if (rows.size === 0) return null;
  const hidden = ['__name__', 'instance', 'job'];
  const all = [...rows.values()];
  const labels = [...new Set(all.flatMap((r) => Object.keys(r.metric)))].filter((l) => !hidden.includes(l));
  labels.sort((a, b) => a.localeCompare(b));
  const ascending = filled(results[0].target.expr).startsWith('bottomk');
  const by = names.indexOf('time lag') > 0 ? names.indexOf('time lag') : 0;
  all.sort((a, b) => (b.values[by] - a.values[by]) * (ascending ? -1 : 1) || 0);
  const columns = [...labels.map((l) => (l === 'kafka_cluster' ? 'cluster' : l)), ...names];
  const width = box.w / columns.length;
  const most = Math.floor((box.h - 26) / 21);
  let out = columns.map((c, i) => text(box.x + i * width, box.y + 14, c, 'class="dim" font-size="12"')).join('');
  all.slice(0, most).forEach((row, i) => {
    const y = box.y + 36 + i * 21;
    const values = names.map((_, at) => (row.values[at] === undefined ? '' : shown(row.values[at], panel.fieldConfig.defaults.unit)));
    [...labels.map((l) => row.metric[l] ?? ''), ...values].forEach((value, at) => {
      out += text(box.x + at * width, y, cut(value, width - 8), 'font-size="12"');
    });
    out += `<line x1="${box.x}" x2="${box.x + box.w}" y1="${y + 6}" y2="${y + 6}" class="grid"/>`;
  });
  if (all.length > most) out += text(box.x + box.w, box.y - 8, `${all.length} rows`, 'class="dim" font-size="11" text-anchor="end"');
  return out;
}

/** What stands between the line that is filled and the one that it is filled down to; none if a name is not one line's alone. */
function band(panel, all, x, y) {
  const fill = panel.fieldConfig.overrides.flatMap((o) => o.properties
    .filter((p) => p.id === 'custom.fillBelowTo')
    .map((p) => ({ upper: new RegExp(o.matcher.options.slice(1, -1)), lower: p.value })))[0];
  const [upper, lower] = [all.filter((l) => fill?.upper.test(l.name)), all.filter((l) => l.name === fill?.lower)];
  if (upper.length !== 1 || lower.length !== 1) return '';
  const below = new Map(lower[0].points);
  const both = upper[0].points.filter(([at]) => below.has(at));
  const at = ([time, value]) => `${x(time).toFixed(1)},${y(value).toFixed(1)}`;
  const edge = [...both.map(at), ...both.map(([time]) => at([time, below.get(time)])).reverse()];
  return `<polygon class="band" points="${edge.join(' ')}" fill="${COLOURS.blue}" fill-opacity=".15"/>`;
}

function lines(panel, results, box, marks) {
  const { unit } = panel.fieldConfig.defaults;
  const all = results.flatMap(({ target, result }) => result.map((r) => ({
    name: called(target.legendFormat, r.metric),
    points: r.values.map(([at, value]) => [at, read(value)]).filter(([, value]) => Number.isFinite(value)),
  }))).filter((l) => l.points.length > 0);
  if (all.length === 0) return null;
  const latest = (l) => l.points.at(-1)[1];
  all.sort((a, b) => latest(b) - latest(a));
  const picked = all.slice(0, LINES);
  const legend = Math.ceil(picked.length / 2) * 17 + (all.length > picked.length ? 17 : 0);
  const plot = { x: box.x + 58, y: box.y + 6, w: box.w - 62, h: box.h - legend - 32 };
  const most = end(Math.max(...picked.flatMap((l) => l.points.map(([, v]) => v))), unit);
  const from = NOW - MINUTES * 60;
  const first = Math.max(from, Math.min(...picked.map((l) => l.points[0][0])));
  const x = (at) => plot.x + ((at - first) / Math.max(1, NOW - first)) * plot.w;
  const y = (value) => plot.y + (1 - value / most) * plot.h;
  let out = '';
  for (const part of [0, 0.5, 1]) {
    const at = y(most * part);
    out += `<line x1="${plot.x}" x2="${plot.x + plot.w}" y1="${at}" y2="${at}" class="grid"/>`;
    out += text(plot.x - 6, at + 4, shown(most * part, unit), 'class="dim" font-size="11" text-anchor="end"');
  }
  out += text(plot.x, plot.y + plot.h + 15, `${duration(NOW - first)} ago`, 'class="dim" font-size="11"');
  out += text(plot.x + plot.w, plot.y + plot.h + 15, 'now', 'class="dim" font-size="11" text-anchor="end"');
  out += band(panel, picked, x, y);
  for (const mark of marks) {
    if (mark < first) continue;
    out += `<line x1="${x(mark)}" x2="${x(mark)}" y1="${plot.y}" y2="${plot.y + plot.h}" class="mark"/>`;
  }
  picked.forEach((line, i) => {
    const limit = /limit/.test(line.name), bound = /at least|at most/.test(line.name);
    const colour = limit ? COLOURS.red : bound ? COLOURS.blue : PALETTE[i % PALETTE.length];
    const dash = limit ? '8 6' : bound ? '2 4' : 'none';
    const style = `stroke="${colour}" stroke-width="${bound ? 1.2 : 2}" stroke-dasharray="${dash}" fill="none"`;
    const step = (MINUTES * 60) / 120;
    let run = [], last = -Infinity;
    const flush = () => {
      if (run.length) out += `<polyline points="${run.join(' ')}" ${style}/>`;
      run = [];
    };
    for (const [at, value] of line.points) {
      if (at - last > 2.5 * step) flush();
      run.push(`${x(at).toFixed(1)},${y(value).toFixed(1)}`);
      last = at;
    }
    flush();
    const left = box.x + (i % 2) * (box.w / 2), down = plot.y + plot.h + 36 + Math.floor(i / 2) * 17;
    out += `<line x1="${left}" x2="${left + 22}" y1="${down - 4}" y2="${down - 4}" ${style}/>`;
    out += text(left + 28, down, cut(`${line.name}: ${shown(latest(line), unit)}`, box.w / 2 - 32), 'font-size="12"');
  });
  if (all.length > picked.length) {
    out += text(box.x, box.y + box.h, `and ${all.length - picked.length} more lines`, 'class="dim" font-size="11"');
  }
  return out;
}

const DRAW = { stat, table, timeseries: lines };
const empty = [];

/** When something that an annotation asks for began. */
async function begun({ expr }) {
  const query = filled(expr), step = (MINUTES * 60) / 120;
  const result = await ask('query_range', { query, start: NOW - MINUTES * 60, end: NOW, step });
  return result.map((r) => r.values[0][0]);
}

async function draw(file) {
  const dashboard = JSON.parse(readFileSync(file, 'utf8'));
  const marks = (await Promise.all(dashboard.annotations.list.map(begun))).flat();
  let out = '', bottom = 0;
  for (const panel of dashboard.panels) {
    const results = await Promise.all(panel.targets.map(async (target) => {
      const query = filled(target.expr);
      const range = { query, start: NOW - MINUTES * 60, end: NOW, step: (MINUTES * 60) / 120 };
      return { target, result: target.instant ? await ask('query', { query, time: NOW }) : await ask('query_range', range) };
    }));
    const { x, y, w, h } = panel.gridPos;
    const at = { x: x * COLUMN + GAP, y: y * ROW + TOP, w: w * COLUMN - GAP, h: h * ROW - GAP };
    bottom = Math.max(bottom, at.y + at.h);
    const inner = { x: at.x + 14, y: at.y + 50, w: at.w - 28, h: at.h - 62 };
    let content = DRAW[panel.type](panel, results, inner, marks);
    if (content === null) {
      empty.push(`${basename(file)}: ${panel.title}`);
      content = text(at.x + at.w / 2, at.y + at.h / 2 + 12, panel.fieldConfig.defaults.noValue, 'class="dim" text-anchor="middle"');
    }
    out += `<g><rect x="${at.x}" y="${at.y}" width="${at.w}" height="${at.h}" rx="3" class="panel"/>`;
    out += text(at.x + 14, at.y + 21, cut(panel.title, at.w - 28, 14), 'font-size="14" font-weight="600"');
    out += text(at.x + 14, at.y + 38, cut(panel.description, at.w - 28, 11), 'class="dim" font-size="11"');
    out += `${content}</g>\n`;
  }
  const width = 24 * COLUMN + GAP, height = bottom + 34;
  const day = new Date(NOW * 1000).toISOString().slice(0, 10);
  const head = text(GAP + 4, 28, dashboard.title, 'font-size="20" font-weight="600"')
    + text(GAP + 4, 48, dashboard.description, 'class="dim" font-size="13"');
  const foot = text(GAP + 4, height - 10, `Drawn by tests/grafana/draw.mjs on ${day} from what Prometheus answered about laggard demo; not a picture of Grafana.`, 'class="dim" font-size="11"');
  const style = 'text{font-family:system-ui,sans-serif;fill:#1c2430}text.dim{fill:#5b6675}.panel{fill:#fff;stroke:#d9dee5}.grid{stroke:#e6e9ee}.mark{stroke:#1f5fbf;stroke-dasharray:3 3}';
  mkdirSync(into, { recursive: true });
  const name = join(into, basename(file).replace(/^laggard-|\.json$/g, '') + '.svg');
  writeFileSync(name, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`
    + `<style>${style}</style><rect width="100%" height="100%" fill="#f4f6f8"/>${head}\n${out}${foot}</svg>\n`);
}

for (const file of files) await draw(file);
for (const panel of empty) console.log(`empty: ${panel}`);
process.exit(empty.length ? 1 : 0);
