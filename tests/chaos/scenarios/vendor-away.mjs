// SPDX-License-Identifier: Apache-2.0
// A vendor is away for an hour: every call of it fails, both sides go on writing, and afterwards everything arrives. The
// hour passes within seconds: the unmodified program runs under libfaketime (Debian's package faketime), which reads the time
// from a file; PostgreSQL and the sandbox keep the real one.
import { accessSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pause } from '../../e2e/support/eventually.mjs';
import { lookOver } from '../rounds.mjs';
import { withTown } from '../scenario.mjs';

const library = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1';
const stepMinutes = 5;
const awayMinutes = 60;

export async function run(given) {
  accessSync(library);
  const setOffset = (directory, minutes) => writeFileSync(join(directory, 'offset'), `+${minutes * 60}\n`);
  const env = (directory) => {
    setOffset(directory, 0);
    return {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: join(directory, 'offset'),
      FAKETIME_NO_CACHE: '1',
      DONT_FAKE_MONOTONIC: '1',
    };
  };
  return withTown(
    given,
    async ({ town, load, journal, totals, say }) => {
      for (const vendor of ['google', 'microsoft']) {
        const fault = await town.sandbox.fault({ vendor, status: 503, times: 0 });
        load.start();
        for (let minutes = 0; minutes < awayMinutes; minutes += stepMinutes) {
          await pause(700);
          setOffset(town.directory, totals.rounds * awayMinutes + minutes + stepMinutes);
          await town.sandbox.clock({ advance_seconds: stepMinutes * 60 });
        }
        say(`${vendor} was away for ${awayMinutes} minutes; ${await fault.struck()} calls failed, ${load.counts.unavailable} host requests did`);
        if (load.counts.unavailable) ++totals.lost;
        await fault.end();
        ++totals.rounds;
        // What waits is tried again when it is due: at most a quarter of an hour later.
        await load.stop();
        setOffset(town.directory, totals.rounds * awayMinutes + 20);
        await lookOver(town, load, journal, totals, given.seed);
      }
    },
    { env },
  );
}
