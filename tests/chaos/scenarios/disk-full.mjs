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
const usedUpWithinMs = 45_000;
const mebibyte = 1024 * 1024;

/** Takes all room but `leave` bytes. */
function fill(disk, leave) {
  const { bavail, bsize } = statfsSync(disk);
  const take = Math.max(0, bavail * bsize - leave);
  try {
    writeFileSync(join(disk, 'filler'), Buffer.alloc(take));
  } catch (failure) {
    if (failure.code !== 'ENOSPC') throw failure; // the database took the rest first: it is full
  }
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
          const before = load.counts.unavailable;
          const filled = Date.now();
          fill(disk, chance.between(0, 1) * mebibyte);
          // What PostgreSQL has allocated before is used up first.
          while (load.counts.unavailable === before && Date.now() - filled < usedUpWithinMs) await pause(100);
          await pause(fullForMs);
          rmSync(join(disk, 'filler'));
          const fullFor = (Date.now() - filled) / 1000;
          await pause(3_000);
          say(`full for ${fullFor.toFixed(1)} s: ${load.counts.unavailable - before} times a host was told to come back`);
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
