// SPDX-License-Identifier: Apache-2.0
// Ways to die. Each is SIGKILL: nothing is flushed, nobody says goodbye. `true` as answer: the server has to be started again.

function kill(pid, signal = 'SIGKILL') {
  try {
    process.kill(pid, signal);
  } catch (failure) {
    if (failure.code !== 'ESRCH') throw failure; // it was faster
  }
}

export const kills = {
  /** The server alone; its database is told by the kernel and shuts down by itself, while the next start is under way. */
  async server(town) {
    await town.server.crash();
    return true;
  },
  /** The server and every process of its database, as when the machine loses power but not its disk's cache. */
  async everything(town) {
    const [postmaster, backends] = [town.postmaster(), town.backends()];
    const server = town.server.crash();
    if (postmaster) kill(postmaster);
    for (const { pid } of backends) kill(pid);
    await server;
    return true;
  },
  /** The database's first process; its children notice and end, the server has to bring it up again. */
  async postmaster(town) {
    const pid = town.postmaster();
    if (pid) kill(pid);
    return false;
  },
  /** One connection's process: PostgreSQL ends all others and recovers. */
  async backend(town, chance) {
    const engine = town.backends().filter((b) => b.title.includes('kalends_engine'));
    if (engine.length) kill(chance.pick(engine).pid);
    return false;
  },
};

/** How often each is chosen. */
export const kinds = [
  [4, 'server'],
  [4, 'everything'],
  [2, 'postmaster'],
  [2, 'backend'],
];
