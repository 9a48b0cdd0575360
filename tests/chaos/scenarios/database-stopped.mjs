// SPDX-License-Identifier: Apache-2.0
// PostgreSQL is stopped in order under load, as an operator does, and starts again.
import { databaseAway } from '../database_away.mjs';

export const run = (given) =>
  databaseAway(given, (town) => {
    const pid = town.postmaster();
    if (pid) process.kill(pid, 'SIGINT');
  });
