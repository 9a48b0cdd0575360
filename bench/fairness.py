#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One tenant imports ten thousand events per calendar while fifty others get notices: what do those feel? See README.md."""

import argparse
import http.client
import os
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True  # a source tree stays clean

from connect import Talk, connect_calendars
from run import ADMIN_KEY, ROOT, Bench
from watch import Sql

TARGETS = ["kalends", "bench_vendor_stub"]
AIM = 2.0            # busy p95 over quiet p95
PAUSE = 0.004        # between two notices
LEAST_SAMPLES = 200  # of the busy phase; fewer say nothing about a p95


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--build", default=os.path.join(ROOT, "build", "release"))
    p.add_argument("--no-build", action="store_true", help="the programs are there already")
    p.add_argument("--tenants", type=int, default=50, help="quiet ones, with one calendar each")
    p.add_argument("--importers", type=int, default=3, help="calendars that the noisy tenant connects, one after the other")
    p.add_argument("--rounds", type=int, default=10, help="notices per quiet calendar in the quiet phase")
    o = p.parse_args()
    if not o.no_build:
        subprocess.run(["ninja", "-C", o.build, *TARGETS], check=True, timeout=3600)
    o.calendars = 1
    bench = Fairness(o)
    try:
        ratio = bench.run()
    finally:
        bench.stop()
    sys.exit(0 if ratio <= AIM else 1)


def p95(delays):
    return sorted(delays)[int(0.95 * (len(delays) - 1))]


class Fairness(Bench):
    def run(self):
        self.stub = self.spawn([self.program("bench", "bench_vendor_stub"), self.channels])
        self.stub_port = int(self.first_line(self.stub).split()[1])
        self.server = self.start_server()
        self.port = int(self.first_line(self.server).rsplit(":", 1)[1])
        self.sql = Sql(self.socket_directory(), "kalends")
        self.processes.append(self.sql.psql)
        connect_calendars(self.port, ADMIN_KEY, self.o.tenants, 1)
        self.wait_until("every calendar was read", 120, lambda: self.read_calendars() == self.calendars)
        with open(self.channels, encoding="ascii") as lines:
            self.quiet_channels = [line.split() for line in lines]
        self.notices_of(1)  # warm
        quiet = self.notices_of(self.o.rounds)
        busy, imported, took = self.during_the_imports()
        ratio = p95(busy) / p95(quiet)
        print(f"{imported} events imported in {took:.1f} s; {len(quiet)} notices before, {len(busy)} meanwhile")
        print(f"quiet_p95={p95(quiet):.1f} ms busy_p95={p95(busy):.1f} ms ratio={ratio:.2f}", flush=True)
        return ratio

    def during_the_imports(self):
        delays, began = [], time.monotonic()
        with Talk(self.port) as talk:
            tenant = talk.call("POST", "/v1/admin/tenants", ADMIN_KEY, {"name": "Noisy"})["id"]
            key = talk.call("POST", f"/v1/admin/tenants/{tenant}/keys", ADMIN_KEY, {"name": "bench", "role": "admin"})["key"]
            entries = f"SELECT count(*) FROM mappings WHERE tenant_id = '{tenant}'"

            def connect_them():
                for n in range(self.o.importers):
                    talk.connect_one(key, f"importer{n}.noisy@bench.example")

            connecting = threading.Thread(target=connect_them)
            connecting.start()
            wanted = 10_000 * self.o.importers
            while self.sql.number(entries) < wanted:
                delays += self.notices_of(1)
                if time.monotonic() - began > 300:
                    raise SystemExit("the import does not come to its end")
            connecting.join()
        if len(delays) < LEAST_SAMPLES:
            raise SystemExit(f"only {len(delays)} notices fell into the import: give it more --importers")
        return delays, wanted, time.monotonic() - began

    def notices_of(self, rounds):
        """Milliseconds from each notice to the moment when what it led to is seen committed: its mark is gone."""
        delays = []
        for _ in range(rounds):
            sent = {}
            for channel, token in self.quiet_channels:
                before = time.monotonic()
                self.notice(channel, token)
                sent[channel] = before
                delays += self.worked_off(sent)
                time.sleep(PAUSE)
            end = time.monotonic() + 60
            while sent:
                delays += self.worked_off(sent)
                if time.monotonic() > end:
                    raise SystemExit("notices are not worked off within a minute")
                time.sleep(PAUSE)
        return delays

    def worked_off(self, sent):
        """Takes those out of `sent` whose calendars are not stale any more. Notices are answered when their marks are committed."""
        stale = set(self.sql.ask("SELECT c.channel_id FROM channels c JOIN provider_state s"
                                 " USING (tenant_id, provider_id) WHERE s.stale_since IS NOT NULL"))
        now = time.monotonic()
        return [1000 * (now - sent.pop(c)) for c in list(sent) if c not in stale]

    def notice(self, channel, token):
        if not hasattr(self, "kept"):
            self.kept = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        self.kept.request("POST", "/webhooks/google", "", {
            "X-Goog-Channel-ID": channel, "X-Goog-Channel-Token": token, "X-Goog-Resource-State": "exists",
            "X-Goog-Message-Number": "4711", "X-Goog-Resource-ID": "r" + channel})
        answer = self.kept.getresponse()
        answer.read()
        if answer.status >= 300:
            raise SystemExit(f"a notice was answered {answer.status}")


if __name__ == "__main__":
    main()
