// SPDX-License-Identifier: Apache-2.0
// PostgreSQL is killed under load: its first process, or the process of one connection.
import { databaseAway } from '../database_away.mjs';
import { kills } from '../kills.mjs';

export const run = (given) =>
  databaseAway(given, (town, chance) => kills[chance.weighted([[3, 'postmaster'], [1, 'backend']])](town, chance));
