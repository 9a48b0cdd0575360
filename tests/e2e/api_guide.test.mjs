// SPDX-License-Identifier: Apache-2.0
// docs/api.md is true: its examples are run in one shell, from top to bottom, and say what it says that they say.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { Calendar } from './support/calendar.mjs';
import { eventually } from './support/eventually.mjs';
import { Demonstration } from './support/installation.mjs';
import { Receiver, signatureOf } from './support/receiver.mjs';

/** `{name, section, script, says}` of each example; `says` is undefined when the guide shows no output. */
function examplesOf(guide) {
  const examples = [];
  let section = '';
  for (const part of guide.matchAll(/^## (.+)$|^```(sh|text)(?: (\w+))?\n([\s\S]*?)^```$/gm)) {
    const [, heading, kind, name, text] = part;
    if (heading) section = heading;
    else if (kind === 'sh') examples.push({ name, section: section || 'the beginning', script: text });
    else examples.at(-1).says = text;
  }
  return examples;
}

/** A shell that keeps its variables and functions from one script to the next. */
class Shell {
  constructor(env) {
    this.child = spawn('bash', ['-s'], { env: { PATH: process.env.PATH, LANG: 'C.UTF-8', ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
    this.out = this.err = '';
    this.child.stdout.on('data', (part) => (this.out += part));
    this.child.stderr.on('data', (part) => (this.err += part));
    this.ended = new Promise((done) => this.child.on('close', done));
  }
  /** What the script says; it must not fail at its end. */
  async run(script) {
    this.out = this.err = '';
    this.child.stdin.write(`${script}\nprintf '\\n<%s>' $?\n`);
    const how = await eventually(() => /\n<(\d+)>$/.exec(this.out), { every: 20, what: `the end of\n${script}` });
    assert.equal(how[1], '0', `${script}\n${this.out}\n${this.err}`);
    return this.out.slice(0, how.index);
  }
  async variable(name) {
    return (await this.run(`printf '%s' "$${name}"`)).trim();
  }
  close() {
    this.child.stdin.end();
    return this.ended;
  }
}

describe('the guide to the API', () => {
  let d, shell, calendar, product;
  before(async () => {
    d = await Demonstration.start();
    product = await Receiver.open();
    shell = new Shell({ KALENDS: d.baseUrl, ADMIN_KEY: d.adminKey, HOOK: product.url });
  });
  after(async () => {
    await shell?.close();
    await d?.stop();
    await product?.close();
  });
  const host = async () => d.host(await shell.variable('KEY'));

  /** What people do meanwhile, by the name of the example: before it, or after it. */
  const before_it = {
    connect: async () => {
      const token = await d.sandbox.openAccount('ada@people.example', 'google');
      calendar = new Calendar(d.sandbox, { type: 'google', email: 'ada@people.example', token });
    },
    settled: async () => (await host()).settled(await shell.variable('entry')),
    conflict: async () => {
      const [h, entry, provider] = [await host(), await shell.variable('entry'), await shell.variable('provider')];
      const { id } = await calendar.event('Replace switch');
      const fault = await d.sandbox.fault({ account: calendar.email, method: 'events.*', times: 0, status: 503 });
      await h.changeEntry(entry, { title: 'Replace switch B' });
      await calendar.edit(id, { title: 'Replace switch A' });
      await fault.end();
      await h.sync(provider);
      await eventually(async () => (await h.all(`/v1/conflicts?entry_id=${entry}&state=open`))[0], { what: 'the conflict', within: 60_000 });
    },
  };
  const after_it = {
    connect: async () => {
      const page = await d.browser().open(await shell.variable('link'));
      assert.equal(page.status, 200, page.text);
      const [h, provider] = [await host(), await shell.variable('provider')];
      await eventually(async () => {
        const now = await h.provider(provider);
        return now.status === 'active' && now.last_sync_at;
      }, { what: 'connecting', within: 60_000 });
    },
    hooked: async () => {
      const [h, endpoint] = [await host(), await shell.variable('endpoint')];
      await eventually(async () => (await h.all(`/v1/webhook-endpoints/${endpoint}/deliveries`)).some((x) => x.cause === 'feed'), { what: 'the message' });
      const message = product.taken.at(-1);
      const secret = await shell.variable('secret');
      assert.deepEqual(message.signatures, [signatureOf(secret, message.id, message.timestamp, message.body)]);
    },
  };

  const examples = examplesOf(readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8'));
  it('has examples, and the people in it', () => {
    assert.ok(examples.length > 12);
    const named = examples.map((e) => e.name).filter(Boolean);
    assert.deepEqual(named, ['connect', 'settled', 'hooked', 'conflict']);
  });

  for (const [i, { name, section, script, says }] of examples.entries())
    it(`${section} (example ${i + 1})`, async () => {
      await before_it[name]?.();
      const said = await shell.run(script);
      if (says !== undefined) assert.equal(said.trimEnd(), says.trimEnd());
      await after_it[name]?.();
    });
});
