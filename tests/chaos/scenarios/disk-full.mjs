// SPDX-License-Identifier: Apache-2.0
// The disk under the database runs full under load, and there is room again after a while: hosts and vendors are told to
// come back, and nothing acknowledged is lost. Needs root, for a small file system of its own.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pause } from '../../e2e/support/eventually.mjs';
import { lookOver } from '../rounds.mjs';
import { withTown } from '../scenario.mjs';

const diskMiB = 256;
const fullForMs = 6_000;
const mebibyte = 1024 * 1024;

/** Takes all room but `leave` bytes. */
function fill(disk, leave) {
  const { bavail, bsize } = statfsSync(disk);
  const take = Math.max(0, bavail * bsize - leave);
  writeFileSync(join(disk, 'filler'), Buffer.alloc(take));
}

export async function run(given) {
  const disk = mkdtempSync(join(tmpdir(), 'kalends-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskMiB}m,mode=0755`, 'tmpfs', disk]);
  try {
    return await withTown(
      given,
      async ({ town, load, journal, chance, totals, say }) => {
        const times = Math.min(given.rounds, 3);
        while (totals.rounds < times) {
          load.start();
          await pause(chance.between(500, 1_500));
          const before = load.counts.unavailable + load.counts.repeated;
          fill(disk, chance.between(0, 1) * mebibyte);
          await pause(fullForMs);
          rmSync(join(disk, 'filler'));
          await pause(3_000);
          say(`full for ${fullForMs / 1000} s: hosts had to repeat ${load.counts.unavailable + load.counts.repeated - before} times`);
          ++totals.rounds;
          await lookOver(town, load, journal, totals, given.seed);
        }
        if (!load.counts.unavailable) {
          say('--- the disk was never full: nobody was told to come back');
          ++totals.lost;
        }
      },
      { data: join(disk, 'data') },
    );
  } finally {
    execFileSync('umount', ['--lazy', disk]);
    rmSync(disk, { recursive: true, force: true });
  }
}
