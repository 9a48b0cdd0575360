#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Drives the real server with load, next to what bounds it, in one interleaved run. See README.md beside this file."""

import argparse
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True  # a source tree stays clean

from connect import connect_calendars
from watch import Cpu, Sql

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TARGETS = ["kalends", "bench_load", "bench_vendor_stub", "bench_bare_writer"]
ADMIN_KEY = "bench-" + "0123456789abcdef" * 2
GROUP, WRITERS = 50, 2          # of the bare writer
ACK_BODY = 1024                 # what Google sends is empty; nginx and the server get the same bytes
STATISTICS_LAG = 11             # seconds until an idle PostgreSQL backend has handed in its counters
QUIET = 0.1                     # foreign CPU above this is pointed out
AIMS = {"acks / nginx": 0.35, "pipeline / bare": 0.30}


def main():
    o = read_options()
    if not o.no_build:
        subprocess.run(["ninja", "-C", o.build, *TARGETS], check=True, timeout=3600)
    bench = Bench(o)
    try:
        bench.start()
        bench.rounds()
        bench.count()
        bench.report()
    finally:
        bench.stop()


def read_options():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--build", default=os.path.join(ROOT, "build", "release"))
    p.add_argument("--no-build", action="store_true", help="the programs are there already")
    p.add_argument("--tenants", type=int, default=50)
    p.add_argument("--calendars", type=int, default=40, help="per tenant; all in all at most 10,000")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--seconds", type=float, default=2.0, help="of each measurement that is bounded by time")
    p.add_argument("--waves", type=int, default=2, help="notices per calendar in one pipeline measurement")
    p.add_argument("--connections", type=int, default=64)
    p.add_argument("--only", default="", help="comma-separated measurements, for profiling")
    p.add_argument("--pause", action="store_true", help="wait for Enter before the rounds and print the server's pid")
    p.add_argument("--json", help="write all figures to this file")
    o = p.parse_args()
    if not 0 < o.tenants * o.calendars <= 10_000 or o.tenants % WRITERS:
        p.error("at most 10,000 calendars, and an even number of tenants")
    return o


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Bench:
    def __init__(self, options):
        self.o = options
        self.dir = tempfile.mkdtemp(prefix="kalends-bench-")
        self.channels = os.path.join(self.dir, "channels")
        self.processes = []
        self.calendars = options.tenants * options.calendars
        self.results = []       # one dictionary per round: name -> figures
        self.counted = {}

    # ------------------------------------------------------------------ the cast

    def start(self):
        began = time.monotonic()
        self.stub = self.spawn([self.program("bench", "bench_vendor_stub"), self.channels])
        self.stub_port = int(self.first_line(self.stub).split()[1])
        self.server = self.start_server()
        self.port = int(self.first_line(self.server).rsplit(":", 1)[1])
        sockets = self.socket_directory()
        self.sql = Sql(sockets, "kalends")
        self.processes.append(self.sql.psql)
        self.sql.ask("ALTER SYSTEM SET max_wal_size = '8GB'; SELECT pg_reload_conf()")
        self.start_ceilings(sockets)
        self.cpu = Cpu(server=self.server.pid, stub=self.stub.pid, nginx=self.nginx.pid,
                       postgres=self.postmaster())
        connect_calendars(self.port, ADMIN_KEY, self.o.tenants, self.o.calendars)
        connected = time.monotonic() - began
        self.wait_until("every calendar was read", 120, lambda: self.read_calendars() == self.calendars)
        with open(self.channels, encoding="ascii") as lines:
            opened = sum(1 for _ in lines)
        if opened != self.calendars:
            raise SystemExit(f"{opened} channels were opened for {self.calendars} calendars")
        print(f"{self.calendars} calendars of {self.o.tenants} tenants: connected after {connected:.1f} s,"
              f" read after {time.monotonic() - began:.1f} s", flush=True)
        self.warm_up()
        if self.o.pause:
            input(f"server {self.server.pid}, postgres {self.cpu.pids['postgres']}; Enter goes on")

    def start_server(self):
        vendor = f"http://127.0.0.1:{self.stub_port}"
        environment = dict(
            os.environ, KALENDS_ADMIN_KEY=ADMIN_KEY, KALENDS_LOG="warn", KALENDS_POLL_SECONDS="86400",
            KALENDS_GOOGLE_CLIENT_ID="bench",
            # The stub has no quota, and the bench is to find the server's limit, not Google's.
            KALENDS_GOOGLE_PROJECT_CALLS_PER_MINUTE="100000000", KALENDS_GOOGLE_USER_CALLS_PER_MINUTE="100000000",
            KALENDS_GOOGLE_CLIENT_SECRET="bench-secret",
            KALENDS_GOOGLE_AUTHORIZATION_URL=vendor + "/o/oauth2/v2/auth", KALENDS_GOOGLE_TOKEN_URL=vendor + "/token",
            KALENDS_GOOGLE_REVOKE_URL=vendor + "/revoke", KALENDS_GOOGLE_CALENDAR_URL=vendor + "/calendar/v3",
            KALENDS_WEBHOOK_URL="https://bench.example")
        environment.pop("DATABASE_URL", None)
        return self.spawn([self.program("kalends"), "serve", "--data-dir", self.dir + "/data", "--port", "0"],
                          env=environment)

    def start_ceilings(self, sockets):
        """nginx, and two more databases in the same cluster: pgbench's and the bare writer's."""
        self.nginx_port = free_port()
        conf = os.path.join(self.dir, "nginx.conf")
        with open(conf, "w", encoding="ascii") as f:
            f.write(f"daemon off; worker_processes auto; pid {self.dir}/nginx.pid; error_log stderr error;\n"
                    "events { worker_connections 1024; }\n"
                    "http { access_log off; keepalive_requests 1000000000;\n"
                    + "".join(f"{kind}_temp_path {self.dir}/nginx-{kind};\n"
                              for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
                    + f"server {{ listen 127.0.0.1:{self.nginx_port}; location / {{ return 204; }} }} }}\n")
        self.nginx = self.spawn(["nginx", "-e", "stderr", "-p", self.dir, "-c", conf])
        for name in ("ceiling", "bare"):
            self.sql.ask(f"CREATE DATABASE {name}")
        self.url = "postgresql:///{}?host=" + sockets.replace("/", "%2F") + "&user=" + Sql.owner
        subprocess.run([self.program("kalends"), "migrate"], check=True, timeout=120, stdout=subprocess.DEVNULL,
                       env=dict(os.environ, DATABASE_URL=self.url.format("bare"), KALENDS_LOG="warn"))
        self.bare("seed", timeout=120)
        self.pgbench_script = os.path.join(self.dir, "insert.sql")
        with open(self.pgbench_script, "w", encoding="ascii") as f:
            f.write("\\set k random(1, 1000000)\nINSERT INTO kept (k, at, body) VALUES (:k, now(), '"
                    + "b" * 250 + "');\n")
        self.ceiling_sql = Sql(sockets, "ceiling")
        self.processes.append(self.ceiling_sql.psql)
        self.ceiling_sql.ask("CREATE TABLE kept (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, k bigint,"
                             " at timestamptz, body text)")
        self.sockets = sockets

    def stop(self):
        for p in reversed(self.processes):
            if p.poll() is None:
                p.send_signal(signal.SIGTERM)
        for p in reversed(self.processes):
            try:
                p.wait(60)
            except subprocess.TimeoutExpired:
                p.kill()
        shutil.rmtree(self.dir, ignore_errors=True)

    def spawn(self, command, **more):
        p = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **more)
        self.processes.append(p)
        return p

    def program(self, *path):
        return os.path.join(self.o.build, *path)

    @staticmethod
    def first_line(process):
        line = process.stdout.readline()
        if not line:
            raise SystemExit(f"{process.args[0]} ended with {process.wait(10)}")
        return line.strip()

    def socket_directory(self):
        near = os.path.join(self.dir, "data", "postgres", "run")
        remembered = os.path.join(self.dir, "data", "postgres", "socket_dir")
        if not os.path.exists(remembered):
            return near
        with open(remembered, encoding="utf-8") as f:
            return f.read().strip()

    def postmaster(self):
        with open(os.path.join(self.dir, "data", "postgres", "data", "postmaster.pid"), encoding="ascii") as f:
            return int(f.readline())

    # ------------------------------------------------------------------ waiting

    def wait_until(self, what, seconds, holds, pause=0.05):
        end = time.monotonic() + seconds
        while not holds():
            if self.server.poll() is not None:
                raise SystemExit("the server ended")
            if time.monotonic() > end:
                raise SystemExit(f"not within {seconds} s: {what}")
            time.sleep(pause)

    def read_calendars(self):
        return self.sql.number("SELECT count(*) FROM provider_state WHERE last_sync_at IS NOT NULL"
                               " AND stale_since IS NULL")

    def stale_calendars(self):
        return self.sql.number("SELECT count(*) FROM provider_state WHERE stale_since IS NOT NULL")

    def facts(self):
        return self.sql.number("SELECT coalesce(sum(next_sequence), 0) FROM tenant_counters")

    def stub_call(self, path):
        return small_request(self.stub_port, path)

    def listings(self):
        return json.loads(self.stub_call("/_bench/counts"))["listings"]

    # ------------------------------------------------------------------ the measurements

    def warm_up(self):
        """One notice for each calendar; it also tells how many facts one notice makes."""
        before = self.facts()
        self.load(self.port, requests=self.calendars)
        self.wait_until("the first notices are worked off", 120, lambda: self.stale_calendars() == 0)
        self.facts_per_notice = (self.facts() - before) / self.calendars

    def load(self, port, **options):
        command = [self.program("bench", "bench_load"), "--port", str(port), "--channels", self.channels,
                   "--connections", str(self.o.connections)]
        for name, value in options.items():
            command += ["--" + name, str(value)]
        done, cpu = self.run_counted(command, 120)
        figures = json.loads(done)
        wrong = {s: n for s, n in figures["status"].items() if not s.startswith("2")}
        if wrong:
            raise SystemExit(f"answers that are no 2xx: {wrong}")
        figures["generator"] = cpu
        return figures

    @staticmethod
    def run_counted(command, timeout):
        """The output of a program and the CPU seconds it took."""
        p = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        watchdog = time.monotonic() + timeout
        out = p.stdout.read()
        while True:
            pid, status, used = os.wait4(p.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > watchdog:
                p.kill()
            time.sleep(0.001)
        p.returncode = os.waitstatus_to_exitcode(status)
        if p.returncode != 0:
            raise SystemExit(f"{command[0]} ended with {p.returncode}")
        return out, used.ru_utime + used.ru_stime

    def acks(self):
        """Durable answers. The vendor keeps its answers to itself meanwhile, so that nothing is pulled."""
        self.stub_call("/_bench/hold")
        with self.cpu as used:
            figures = self.load(self.port, seconds=self.o.seconds, body=ACK_BODY)
        self.stub_call("/_bench/release")
        self.wait_until("the marks are worked off", 120, lambda: self.stale_calendars() == 0)
        return self.figures(figures["answers"], figures["seconds"], used, figures)

    def pipeline(self):
        """Notices to committed rows, wave after wave; in a wave each calendar has one notice."""
        notices = self.calendars * self.o.waves
        listings = self.listings()
        generator, first_sent = 0.0, time.monotonic()
        with self.cpu as used:
            for _ in range(self.o.waves):
                wanted = self.facts() + round(self.facts_per_notice * self.calendars)
                generator += self.load(self.port, requests=self.calendars)["generator"]
                self.wait_until("the rows are committed", 120, lambda: self.facts() >= wanted, pause=0.01)
                self.wait_until("no mark is left", 120, lambda: self.stale_calendars() == 0, pause=0.01)
            took = time.monotonic() - first_sent
        return self.figures(notices, took, used, {"generator": generator}, calls=self.listings() - listings)

    def nginx_204(self):
        with self.cpu as used:
            figures = self.load(self.nginx_port, seconds=self.o.seconds, body=ACK_BODY)
        return self.figures(figures["answers"], figures["seconds"], used, figures)

    def pgbench(self):
        self.ceiling_sql.ask("TRUNCATE kept")
        self.ceiling_sql.ask("CHECKPOINT")
        with self.cpu as used:
            out, generator = self.run_counted(
                ["pgbench", "-h", self.sockets, "-U", Sql.owner, "-n", "-M", "prepared", "-c", "32", "-j", "2", "-T",
                 str(max(1, round(self.o.seconds))), "-f", self.pgbench_script, "ceiling"], 60)
        said = dict(line.split(" = ", 1) for line in out.splitlines() if " = " in line)
        done = int(next(line for line in out.splitlines() if "actually processed" in line).split(":")[1].split("/")[0])
        return self.figures(done, done / float(said["tps"].split()[0]), used, {"generator": generator})

    def bare_path(self):
        self.sql.ask("CHECKPOINT")
        notices = self.calendars * self.o.waves * 2
        with self.cpu as used:
            out, generator = self.bare("run", notices, GROUP, WRITERS)
        figures = json.loads(out)
        return self.figures(figures["notices"], figures["seconds"], used, {"generator": generator})

    def bare(self, verb, *numbers, timeout=120):
        return self.run_counted([self.program("bench", "bench_bare_writer"), self.url.format("bare"), verb,
                                 str(self.o.tenants), str(self.o.calendars), *map(str, numbers)], timeout)

    def figures(self, done, seconds, used, load, calls=0):
        """Rates per second, CPU in microseconds per operation, foreign CPU as a share of the machine."""
        cpu = {name: 1e6 * spent / done for name, spent in used.spent.items()}
        cpu["generator"] = 1e6 * load["generator"] / done
        foreign = max(0.0, used.busy - sum(used.spent.values()) - load["generator"]) / (used.took * os.cpu_count())
        return {"ops": done / seconds, "done": done, "cpu": cpu, "foreign": foreign, "calls": calls / done,
                "p50_ms": load.get("p50_ms"), "p99_ms": load.get("p99_ms")}

    # ------------------------------------------------------------------ the run

    def rounds(self):
        kinds = {"nginx": self.nginx_204, "acks": self.acks, "pgbench": self.pgbench, "pipeline": self.pipeline,
                 "bare": self.bare_path}
        if self.o.only:
            kinds = {name: kinds[name] for name in self.o.only.split(",")}
        for n in range(self.o.rounds):
            names = list(kinds)[n % len(kinds):] + list(kinds)[:n % len(kinds)]
            found = {}
            for name in names:
                self.sql.ask("CHECKPOINT")
                found[name] = kinds[name]()
            self.results.append(found)
            print(f"round {n + 1}: " + ", ".join(
                f"{name} {found[name]['ops']:,.0f}/s ({found[name]['foreign']:.0%} foreign)" for name in kinds),
                flush=True)

    def count(self):
        """What has no noise: commits, flushes, bytes of WAL and vendor calls per notice, in one more pass."""
        if self.o.only:
            return
        question = ("SELECT xact_commit, (SELECT wal_sync FROM pg_stat_wal), (SELECT wal_bytes FROM pg_stat_wal),"
                    " pg_current_xact_id()::text FROM pg_stat_database WHERE datname = 'kalends'")
        time.sleep(STATISTICS_LAG)
        before, asked = self.sql.row(question), self.sql.asked
        done = self.pipeline()
        time.sleep(STATISTICS_LAG)
        own = self.sql.asked - asked
        commits, flushes, wal, writes = (b - a for a, b in zip(before, self.sql.row(question)))
        n = done["done"]
        self.counted = {"commits": (commits - own) / n, "writing commits": writes / n, "WAL flushes": flushes / n,
                        "WAL bytes": wal / n, "vendor calls": done["calls"], "facts": self.facts_per_notice}

    def report(self):
        middle = lambda values: statistics.median(list(values))
        print(f"\nMedians of {len(self.results)} interleaved rounds, {os.cpu_count()} CPUs."
              " CPU in microseconds per operation.")
        columns = ["server", "postgres", "stub", "nginx", "generator"]
        print(f"{'':10}{'ops/s':>10}" + "".join(f"{c:>11}" for c in columns) + f"{'p50 ms':>9}{'p99 ms':>9}{'foreign':>9}")
        for name in self.results[0]:
            rows = [r[name] for r in self.results]
            line = f"{name:10}{middle(r['ops'] for r in rows):>10,.0f}"
            line += "".join(f"{middle(r['cpu'][c] for r in rows):>11.1f}" for c in columns)
            for p in ("p50_ms", "p99_ms"):
                line += f"{middle(r[p] for r in rows):>9.2f}" if rows[0][p] is not None else f"{'':9}"
            print(line + f"{middle(r['foreign'] for r in rows):>9.0%}")
        self.report_ratios(middle)
        if self.counted:
            print("Per notice, in one quiet pass: " + ", ".join(f"{v:,.3g} {k}" for k, v in self.counted.items()))
        if self.o.json:
            with open(self.o.json, "w", encoding="utf-8") as f:
                json.dump({"rounds": self.results, "counted": self.counted}, f, indent=1)

    def report_ratios(self, middle):
        if self.o.only:
            return
        pairs = [("acks", "nginx"), ("acks", "pgbench"), ("pipeline", "bare")]
        print("\nRatios within a round: median (least to most)")
        for a, b in pairs:
            each = sorted(r[a]["ops"] / r[b]["ops"] for r in self.results)
            name = f"{a} / {b}"
            aim = f"   aim {AIMS[name]:.2f}: {'met' if middle(each) >= AIMS[name] else 'missed'}" if name in AIMS else ""
            print(f"  {name:18}{middle(each):.2f} ({each[0]:.2f} to {each[-1]:.2f}){aim}")
        print("Ratios of CPU per operation: ceiling by ours (they bear a busy machine better)")
        for a, b in pairs[0], pairs[2]:
            each = sorted(total(r[b]) / total(r[a]) for r in self.results)
            print(f"  {a + ' / ' + b:18}{middle(each):.2f} ({each[0]:.2f} to {each[-1]:.2f})")
        foreign = middle(f["foreign"] for r in self.results for f in r.values())
        if foreign > QUIET:
            print(f"Others took {foreign:.0%} of the machine: the figures per second say little about this run.")


def total(figures):
    """CPU per operation of all that took part, the generator too: what bounds a machine that is full."""
    return sum(figures["cpu"].values())


def small_request(port, path):
    """One small request, answered in one piece."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as s:
        s.sendall(f"POST {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".encode())
        answer = b""
        while piece := s.recv(65536):
            answer += piece
    return answer.partition(b"\r\n\r\n")[2].decode()


if __name__ == "__main__":
    sys.exit(main())
