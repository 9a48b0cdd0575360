// SPDX-License-Identifier: Apache-2.0
// A backup made while the server runs, and what happens when an installation goes back to it while its calendars went on.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { anHour, assertAgree, titled } from './support/entries.mjs';
import { eventually } from './support/eventually.mjs';
import { Service } from './support/installation.mjs';
import { binary } from './support/process.mjs';

/** `{code, stdout, stderr}` of a command that ends by itself. */
function kalends(args, env = {}) {
  return new Promise((done) =>
    execFile(binary, args, { env: { PATH: process.env.PATH, ...env } }, (failure, stdout, stderr) =>
      done({ code: failure?.code ?? 0, stdout, stderr }),
    ),
  );
}

const own = (title) => {
  const hour = anHour(title, []);
  return { title, start: hour.start.date_time, end: hour.end.date_time, zone: 'Europe/Berlin' };
};

let s, tenant, google, microsoft, people, file;

before(async () => {
  s = await Service.start();
  tenant = await s.newTenant('Restored & Sons');
  google = await s.newPerson(tenant, 'google');
  microsoft = await s.newPerson(tenant, 'microsoft');
  people = [google, microsoft];
  file = join(s.directory, 'the.backup');
});
after(() => s?.stop());

const both = () => people.map((p) => p.userId);
const moved = (what) => join(s.directory, what);

async function made(title, userIds) {
  const entry = await tenant.host.createEntry(anHour(titled(title), userIds));
  await tenant.host.settled(entry.id);
  return entry;
}

/** Nothing stands twice, nowhere; every event has an entry that says the same, and the other way round. */
async function assertEqual() {
  const entries = await tenant.host.all('/v1/schedule-entries');
  const titles = entries.map((e) => e.title);
  assert.equal(new Set(titles).size, titles.length, `entries: ${titles}`);
  for (const p of people) {
    const events = await p.calendar.events();
    const expected = entries.filter((e) => e.assigned_user_ids.includes(p.userId));
    assert.deepEqual(events.map((e) => e.title).sort(), expected.map((e) => e.title).sort(), p.email);
    for (const entry of expected) assertAgree(events.find((e) => e.title === entry.title), entry);
  }
  return true;
}

describe('a backup', () => {
  const before = {};
  let sequence;

  it('is made while the server runs, says what it is, and is not made over', async () => {
    before.kept = await made('Kept', both());
    before.edited = await made('Edited later', both());
    before.personEdits = await made('Edited by people later', both());
    before.deletedByHost = await made('Deleted by the host later', both());
    before.deletedByPerson = await made('Left by a person later', both());
    before.moves = await made('Changes hands later', [google.userId]);
    // What is on its way when the backup is made arrives later.
    const faults = [];
    for (const p of people) faults.push(await s.sandbox.fault({ account: p.email, status: 503, times: 0 }));
    before.pending = await tenant.host.createEntry(anHour(titled('On its way'), both()));
    before.pendingEdit = await tenant.host.changeEntry(before.kept.id, { notes: 'on its way' });

    const answer = await kalends(['backup', '--data-dir', s.data, '--to', file]);

    for (const f of faults) await f.end();
    assert.equal(answer.code, 0, answer.stderr);
    const tail = readFileSync(file).subarray(-2048).toString('latin1');
    assert.match(tail, /"schema_version":\d+/);
    assert.match(tail, /\nkalends-backup 1 \d{10} [0-9a-f]{64}\n$/);
    assert.ok(!tail.includes('vault_keys"'), 'no key is in it');
    const again = await kalends(['backup', '--data-dir', s.data, '--to', file]);
    assert.match(again.stderr, /backup_exists/);
  });

  it('brings an installation back, which then agrees with its calendars, and nothing is there twice', async () => {
    const { host } = tenant;
    await host.settled(before.pending.id, { within: 60_000 });
    await host.settled(before.kept.id, { within: 60_000 });
    // Both sides go on.
    const fresh = [];
    for (const p of people) fresh.push(await made('Made later', [p.userId]));
    fresh.push(await made('Made later for both', both()));
    await host.changeEntry(before.edited.id, { title: titled('Edited by the host') });
    await host.settled(before.edited.id);
    const afterwards = await host.entry(before.edited.id);
    await host.changeEntry(before.pending.id, { location: 'Changed after it arrived' });
    await host.changeEntry(before.moves.id, { assigned_user_ids: [microsoft.userId] });
    await host.removeEntry(before.deletedByHost.id);
    for (const p of people) {
      const event = await p.calendar.event(before.personEdits.title);
      await p.calendar.edit(event.id, { location: `Moved by ${p.email}` });
      await eventually(async () => (await host.entry(before.personEdits.id)).location === `Moved by ${p.email}`);
      await host.settled(before.personEdits.id);
    }
    await google.calendar.remove((await google.calendar.event(before.deletedByPerson.title)).id);
    const persons = [];
    for (const p of people) {
      persons.push(titled(`Own of ${p.email}`));
      await p.calendar.add(own(persons.at(-1)));
      await eventually(() => host.entryTitled(persons.at(-1)), { what: persons.at(-1) });
    }
    for (const id of [before.pending.id, before.moves.id]) await host.settled(id);
    await eventually(async () => !(await host.entry(before.deletedByPerson.id)).assigned_user_ids.includes(google.userId));
    await eventually(async () => !(await microsoft.calendar.event(before.deletedByHost.title)));
    sequence = await host.lastSequence();

    await s.server.crash();
    renameSync(s.data, moved('lost'));
    mkdirSync(s.data, { mode: 0o700 });
    copyFileSync(join(moved('lost'), 'vault.key'), join(s.data, 'vault.key'));
    const answer = await kalends(['restore', '--from', file, '--data-dir', s.data]);
    assert.equal(answer.code, 0, answer.stderr);
    await s.launch();

    await eventually(assertEqual, { within: 60_000, what: 'agreement' });
    for (const entry of fresh) {
      const now = await host.entry(entry.id);
      assert.deepEqual([now.title, now.assigned_user_ids.toSorted()], [entry.title, entry.assigned_user_ids.toSorted()]);
    }
    for (const title of persons) assert.ok(await host.entryTitled(title), title);
    assert.equal((await host.entry(before.edited.id)).title, afterwards.title);
    assert.equal((await host.entry(before.kept.id)).notes, 'on its way');
    assert.equal((await host.entry(before.pending.id)).location, 'Changed after it arrived');
    assert.match((await host.entry(before.personEdits.id)).location, /^Moved by/);
    assert.deepEqual((await host.entry(before.moves.id)).assigned_user_ids, [microsoft.userId]);
    assert.deepEqual((await host.entry(before.deletedByPerson.id)).assigned_user_ids, [microsoft.userId]);
    // The host deleted it, the backup does not know: it is nobody's until the host says so again.
    assert.deepEqual((await host.entry(before.deletedByHost.id)).assigned_user_ids, []);
  });

  it('tells whoever reads facts, and gives no sequence a second time', async () => {
    const facts = await tenant.host.facts(sequence);
    assert.equal(facts[0].type, 'HISTORY_RESTORED');
    assert.ok(facts[0].data.last_sequence < sequence);
    for (const [n, fact] of facts.entries()) assert.equal(fact.sequence, facts[0].sequence + n);
  });

  it('leaves both directions working', async () => {
    const entry = await made('After the restore', both());
    const event = await google.calendar.event(entry.title);
    await google.calendar.edit(event.id, { location: 'Here' });
    await eventually(async () => (await microsoft.calendar.event(entry.title)).location === 'Here', { within: 40_000 });
  });
});

describe('a restore refuses', () => {
  const fresh = (name) => {
    const dir = join(s.directory, name);
    mkdirSync(dir, { mode: 0o700 });
    return dir;
  };
  async function refused(dir, from = file, env = {}) {
    const answer = await kalends(['restore', '--from', from, '--data-dir', dir], env);
    assert.equal(answer.code, 1, answer.stdout);
    assert.ok(!existsSync(join(dir, 'postgres')) || dir === s.data, 'nothing was made');
    return answer.stderr;
  }

  it('a directory that is in use', async () => {
    assert.match(await refused(s.data), /data_directory_not_empty/);
  });

  it('a file that is cut, changed, or something else', async () => {
    const dir = fresh('damaged');
    const bytes = readFileSync(file);
    const changed = Buffer.from(bytes);
    changed[bytes.length >> 1] ^= 1;
    for (const [name, content] of [['cut', bytes.subarray(0, -100)], ['changed', changed], ['other', Buffer.from('no backup')]]) {
      writeFileSync(join(s.directory, name), content);
      assert.match(await refused(dir, join(s.directory, name)), /backup_damaged/, name);
    }
    assert.match(await refused(dir, join(s.directory, 'nowhere')), /backup_unreadable/);
  });

  it('without the key, and with another one of the same name', async () => {
    assert.match(await refused(fresh('keyless')), /vault_key_missing/);
    const other = `k1:${Buffer.alloc(32, 7).toString('base64')}`;
    assert.match(await refused(fresh('wrong'), file, { KALENDS_VAULT_KEYS: other }), /vault_key_wrong/);
  });
});

describe('a backup with the key', () => {
  it('is all that is needed', async () => {
    const whole = join(s.directory, 'whole.backup');
    const saved = await kalends(['backup', '--data-dir', s.data, '--to', whole, '--with-vault-key']);
    assert.equal(saved.code, 0, saved.stderr);
    const dir = join(s.directory, 'elsewhere');
    const answer = await kalends(['restore', '--from', whole, '--data-dir', dir]);
    assert.equal(answer.code, 0, answer.stderr);
    assert.equal(readFileSync(join(dir, 'vault.key'), 'utf8').trim(), readFileSync(join(s.data, 'vault.key'), 'utf8').trim());
    rmSync(dir, { recursive: true });
  });
});

describe('a schema of a later kalends', () => {
  const sql = (text) =>
    new Promise((done, failed) =>
      execFile(
        'psql',
        ['-X', '-q', '-h', join(s.data, 'postgres/run'), '-U', 'kalends_owner', '-d', 'kalends', '-c', text],
        (failure) => (failure ? failed(failure) : done()),
      ),
    );

  it('is neither served nor restored', async () => {
    const later = join(s.directory, 'later.backup');
    await sql("INSERT INTO schema_migrations (version, name, sha256) VALUES (9999, '9999_later.sql', 'x')");
    const saved = await kalends(['backup', '--data-dir', s.data, '--to', later]);
    assert.equal(saved.code, 0, saved.stderr);
    await s.server.terminate();

    const served = await kalends(['serve', '--data-dir', s.data, '--port', '0']);
    assert.equal(served.code, 1);
    assert.match(served.stderr, /9999_later\.sql[^]*schema_newer/);
    const dir = join(s.directory, 'too-old');
    const restored = await kalends(['restore', '--from', later, '--data-dir', dir]);
    assert.equal(restored.code, 1);
    assert.match(restored.stderr, /schema_newer/);
    assert.ok(!existsSync(join(dir, 'postgres')));
  });

  it('can be backed up while nothing runs', async () => {
    const cold = join(s.directory, 'cold.backup');
    const saved = await kalends(['backup', '--data-dir', s.data, '--to', cold]);
    assert.equal(saved.code, 0, saved.stderr);
    assert.ok(existsSync(cold));
  });
});
