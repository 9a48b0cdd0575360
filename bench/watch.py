# SPDX-License-Identifier: Apache-2.0
"""What the bench reads while it runs: CPU times from /proc and answers from PostgreSQL."""

import os
import subprocess
import time

TICK = os.sysconf("SC_CLK_TCK")


def times_of(pid):
    """utime, stime and those of reaped children, in ticks; and the parent."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
        fields = f.read().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])), int(fields[1])


def busy_ticks():
    """Of the whole machine: all but idle and waiting for disks; guests are counted in user already."""
    with open("/proc/stat", encoding="ascii") as f:
        fields = list(map(int, f.readline().split()[1:9]))
    return sum(fields) - fields[3] - fields[4]


class Cpu:
    """CPU seconds of named processes with their children, and of the machine. Use as a context; read it afterwards."""

    def __init__(self, **pids):
        self.pids = dict(pids, bench=os.getpid())
        self.spent, self.busy, self.took = {}, 0.0, 0.0

    def snapshot(self):
        """A child that ends is moved to its parent's reaped children; the sum stays."""
        sums = dict.fromkeys(self.pids, 0)
        names = {pid: name for name, pid in self.pids.items()}
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                ticks, parent = times_of(int(entry))
            except (FileNotFoundError, ProcessLookupError):
                continue
            name = names.get(int(entry))
            if name == "bench":  # its children are the others, and the generators, which are counted by wait4
                with open("/proc/self/stat", encoding="ascii") as f:
                    ticks = sum(map(int, f.read().rpartition(")")[2].split()[11:13]))
            elif name == "server":  # it reaps the postmaster, but only at its end
                pass
            elif name is None and names.get(parent) in ("postgres", "nginx"):
                name = names[parent]
            if name:
                sums[name] += ticks
        return sums, busy_ticks(), time.monotonic()

    def __enter__(self):
        self.before = self.snapshot()
        return self

    def __exit__(self, *_):
        sums, busy, at = self.snapshot()
        self.spent = {name: (sums[name] - self.before[0][name]) / TICK for name in sums}
        self.busy = (busy - self.before[1]) / TICK
        self.took = at - self.before[2]


class Sql:
    """One kept session of the cluster's owner, who sees all tenants' rows."""

    owner = "kalends_owner"
    end = "-- end of answer --"

    def __init__(self, sockets, database):
        self.asked = 0
        self.psql = subprocess.Popen(
            ["psql", "-h", sockets, "-U", self.owner, "-d", database, "-qAtX", "-v", "ON_ERROR_STOP=1"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ, PGOPTIONS="-c client_min_messages=error"))

    def ask(self, question):
        self.asked += 1
        self.psql.stdin.write(f"{question};\n\\echo {self.end}\n")
        self.psql.stdin.flush()
        lines = []
        for line in self.psql.stdout:
            if line.strip() == self.end:
                return lines
            lines.append(line.strip())
        raise SystemExit(f"psql ended at: {question}")

    def row(self, question):
        return [float(v) for v in self.ask(question)[0].split("|")]

    def number(self, question):
        return int(self.row(question)[0])
