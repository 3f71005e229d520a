// Holds dashboards against Grafana's own types (@grafana/schema) and against the rules of Grafana's
// dashboard-linter.
//
//   node tests/grafana/check.mjs MODULES dashboards/*.json
//
// MODULES is the directory whose node_modules has @grafana/schema, ts-json-schema-generator and ajv
// (tests/run puts them into tests/.cache/npm). It prints what is wrong, a line each, and then ends with 1.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join, resolve } from 'node:path';

const [given, ...files] = process.argv.slice(2);
const modules = resolve(given);
const require = createRequire(join(modules, 'package.json'));
const { createGenerator } = require('ts-json-schema-generator');
const Ajv = require('ajv');
const types = join(modules, 'node_modules/@grafana/schema/dist/types/raw');

const ajv = new Ajv({ allErrors: true, strict: false });
const kinds = new Map();
/** A validator of a type of Grafana's, in its file. */
function kind(path, type) {
  const key = `${path} ${type}`;
  if (!kinds.has(key)) {
    const config = { path: join(types, path), type, skipTypeCheck: true, topRef: true, expose: 'all' };
    kinds.set(key, ajv.compile(createGenerator(config).createSchema(type)));
  }
  return kinds.get(key);
}

const problems = [];
function hold(what, path, type, value) {
  const validate = kind(path, type);
  if (validate(value)) return;
  // Of a union each branch fails: what says least is left out.
  const errors = validate.errors.filter((e) => e.keyword !== 'anyOf');
  for (const e of errors.slice(0, 5)) {
    problems.push(`${what}${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`);
  }
}

/** Which type a panel's options and its fields' options have. */
const PANELS = {
  timeseries: ['Options', 'FieldConfig'],
  stat: ['Options', null],
  table: ['Options', 'FieldConfig'],
};

/** What an annotation asks is its data source's own: the schema leaves that out. */
function withoutQuery({ expr, step, titleFormat, textFormat, ...annotation }) {
  if (!expr) problems.push(`annotation ${annotation.name} asks nothing`);
  return annotation;
}

function schema(name, dashboard) {
  const annotations = { list: dashboard.annotations.list.map(withoutQuery) };
  hold(name, 'dashboard/x/types.gen.d.ts', 'Dashboard', { ...dashboard, annotations });
  for (const panel of dashboard.panels) {
    const what = `${name}: ${panel.title}`;
    // In Dashboard itself a panel is one branch of three: on its own it says what is wrong with it.
    hold(what, 'dashboard/x/types.gen.d.ts', 'Panel', panel);
    const known = PANELS[panel.type];
    if (!known) {
      problems.push(`${what}: no type is known for panels called ${panel.type}`);
      continue;
    }
    const [options, fields] = known;
    const path = `composable/${panel.type}/panelcfg/x/types.gen.d.ts`;
    hold(`${what}: options`, path, options, panel.options);
    if (fields) hold(`${what}: custom`, path, fields, panel.fieldConfig.defaults.custom ?? {});
  }
}

/** The rules of dashboard-linter, by their names there. */
function lint(name, dashboard) {
  const say = (rule, text) => problems.push(`${name}: ${rule}: ${text}`);
  const variables = dashboard.templating.list;
  const source = variables.find((v) => v.type === 'datasource');
  if (!source || source.query !== 'prometheus') say('template-datasource-rule', 'no data source to choose');
  if (!dashboard.uid) say('dashboard-uid-rule', 'no uid');
  if (dashboard.editable === undefined) say('uneditable-dashboard', 'editable is not said');
  for (const v of variables.filter((v) => v.type === 'query')) {
    if (v.refresh !== 2) say('template-on-time-change-reload-rule', v.name);
    if (!v.label) say('template-label-promql-rule', `${v.name} has no label`);
  }
  for (const panel of dashboard.panels) {
    const at = (rule, text) => say(rule, `${panel.title}: ${text}`);
    if (!panel.title || !panel.description) at('panel-title-description-rule', 'no title or description');
    if (!panel.fieldConfig.defaults.unit) at('panel-units-rule', 'no unit');
    if (panel.datasource.uid !== `\${${source?.name}}`) at('panel-datasource-rule', 'its data source is hard-wired');
    if (!panel.targets.length) at('panel-no-targets-rule', 'no targets');
    const ids = new Set();
    for (const target of panel.targets) {
      if (ids.has(target.refId)) at('target-refid', `${target.refId} stands twice`);
      ids.add(target.refId);
      if (target.datasource.uid !== panel.datasource.uid) at('target-datasource', target.refId);
      if (/\b(job|instance)\s*(=|!|=~)/.test(target.expr)) at('target-job-rule', `hard-wired: ${target.expr}`);
      for (const range of target.expr.matchAll(/\b(rate|irate|increase)\([^[]*\[([^\]]*)\]/g)) {
        if (range[2] !== '$__rate_interval') at('target-rate-interval-rule', range[0]);
      }
      for (const counter of target.expr.matchAll(/\b(\w+_total)\b/g)) {
        const before = target.expr.slice(0, counter.index);
        if (!/\b(rate|irate|increase)\($/.test(before)) at('target-counter-agg-rule', counter[0]);
      }
    }
  }
}

if (files.length === 0) problems.push('no dashboard was named');
for (const file of files) {
  const dashboard = JSON.parse(readFileSync(file, 'utf8'));
  schema(basename(file), dashboard);
  lint(basename(file), dashboard);
}
for (const problem of problems) console.log(problem);
console.log(`${files.length} dashboards, ${problems.length} problems`);
process.exit(problems.length ? 1 : 0);
