// SPDX-License-Identifier: Apache-2.0
// What Prometheus would make of the server: scrapes, and the alerts that fire when they are held over an hour of virtual time.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.mjs';
import { send } from './http.mjs';

export const rulesFile = fileURLToPath(new URL('../../../deploy/prometheus/kalends.rules.yaml', import.meta.url));
export const dashboardFile = fileURLToPath(new URL('../../../deploy/grafana/kalends.json', import.meta.url));

const job = 'kalends';
const instance = 'k1';
const minutes = 60;

/** The text of GET /metrics. */
export async function metricsText(installation, token = installation.adminKey) {
  const answer = await send({
    url: `${installation.baseUrl}/metrics`,
    headers: token ? { Authorization: `Bearer ${token}` } : {},
    timeout: 10_000, // what Prometheus waits by default
  });
  if (answer.status !== 200) throw new Error(`GET /metrics: ${answer.status} ${answer.text}`);
  return answer.text;
}

export class Scrape {
  constructor(text) {
    this.up = text !== undefined;
    this.series = new Map();
    for (const line of (text ?? '').split('\n')) {
      if (!line || line.startsWith('#')) continue;
      const at = line.lastIndexOf(' ');
      this.series.set(line.slice(0, at), Number(line.slice(at + 1)));
    }
  }
  /** The sum of all series of this name whose labels hold all of `parts`. */
  sum(name, ...parts) {
    let sum = 0;
    for (const [series, value] of this.series)
      if ((series === name || series.startsWith(`${name}{`)) && parts.every((p) => series.includes(p))) sum += value;
    return sum;
  }
}

/** One scrape; a server that does not answer is one that is down. */
export async function scrape(installation) {
  return new Scrape(await metricsText(installation).catch(() => undefined));
}

/** Scrapes until `holds(scrape)`. */
export function scrapeUntil(installation, holds, { what = 'the figures', within = 30_000 } = {}) {
  return eventually(
    async () => {
      const s = await scrape(installation);
      return holds(s) && s;
    },
    { what, within, every: 500 },
  );
}

const quoted = (text) => `'${text.replaceAll("'", "''")}'`;
const selector = (labels) =>
  `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${value}"`)
    .join(',')}}`;

/** As Prometheus keeps it: with the target's labels. */
function labelled(series) {
  const own = `job="${job}",instance="${instance}"`;
  return series.endsWith('}') ? series.replace('{', `{${own},`) : `${series}{${own}}`;
}

/** The scrapes one after the other, ten minutes each, the last one to the end. */
function inputSeries(scrapes, tenant) {
  const names = new Set(scrapes.flatMap((s) => [...s.series.keys()]));
  const lines = [];
  const add = (series, valueIn) => {
    const values = scrapes.map((s, i) => {
      const times = (i + 1 < scrapes.length ? 10 : minutes - 10 * i) - 1;
      const value = valueIn(s);
      return `${value === undefined ? '_' : Number(value.toFixed(6))}x${times}`;
    });
    lines.push(`      - {series: ${quoted(series)}, values: ${quoted(values.join(' '))}}`);
  };
  for (const name of names) {
    const owner = /tenant="([^"]*)"/.exec(name)?.[1];
    if (!owner || owner === tenant) add(labelled(name), (s) => s.series.get(name));
  }
  add(`up{job="${job}",instance="${instance}"}`, (s) => (s.up ? 1 : 0));
  return lines.join('\n');
}

function testBlock(name, scrapes, tenant, expected) {
  const samples = expected.map((e) => `          - {labels: ${quoted(selector({ alertstate: 'firing', ...e }))}, value: 1}`);
  return `  - name: ${quoted(name)}
    interval: 1m
    input_series:
${inputSeries(scrapes, tenant)}
    promql_expr_test:
      - expr: max_over_time(ALERTS{alertstate="firing"}[${minutes}m])
        eval_time: ${minutes - 1}m
        exp_samples:${samples.length ? `\n${samples.join('\n')}` : ' []'}
`;
}

/**
 * Held over an hour, the first scrape fires nothing and all of them fire exactly `expected` (labels without `alertstate`;
 * `instance` and `job` are this target's). Figures of other tenants are left out.
 */
export function assertFires(scrapes, tenant, expected) {
  const folder = mkdtempSync(join(tmpdir(), 'kalends-alerts-'));
  try {
    const file = join(folder, 'test.yaml');
    writeFileSync(
      file,
      `rule_files: [${quoted(rulesFile)}]\nevaluation_interval: 1m\ntests:\n` +
        testBlock('quiet', scrapes.slice(0, 1), tenant, []) +
        testBlock('provoked', scrapes, tenant, expected),
    );
    const run = spawnSync('promtool', ['test', 'rules', file], { encoding: 'utf8' });
    assert.equal(run.status, 0, `promtool: ${run.error?.message ?? ''}${run.stdout}${run.stderr}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const target = { instance, job };

/** What `promtool check metrics` has to say about it. */
export function checkMetrics(text) {
  return spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
}

/** Whether the tools are here that the tests of alerts need. */
export function toolsThere() {
  try {
    execFileSync('promtool', ['--version'], { stdio: 'ignore' });
    return fakeTimeLibrary() !== undefined;
  } catch {
    return false;
  }
}

function fakeTimeLibrary() {
  for (const machine of existsSync('/usr/lib') ? readdirSync('/usr/lib') : []) {
    const file = `/usr/lib/${machine}/faketime/libfaketimeMT.so.1`;
    if (existsSync(file)) return file;
  }
  return undefined;
}

/** The clock of a program that was started with `env`: it can be put forward while it runs. */
export class MovableClock {
  #ahead = 0;
  constructor(directory) {
    this.file = join(directory, 'clock');
    this.advance(0);
  }
  get env() {
    return {
      LD_PRELOAD: fakeTimeLibrary(),
      FAKETIME_TIMESTAMP_FILE: this.file,
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
  }
  /** Seconds that it is put forward. */
  get ahead() {
    return this.#ahead;
  }
  advance(seconds) {
    this.#ahead += seconds;
    writeFileSync(this.file, `+${this.#ahead}`);
  }
}
