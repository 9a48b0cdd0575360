#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plants the bugs in mutants/ one by one and lives seeds until the simulation notices.

mutants.py BUILD_DIR [--seeds N] [--only NAME]   compile, link, live; the last line is "mutants=M caught=C"
mutants.py --check                               only: does each patch still apply?
"""
import concurrent.futures
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def patches():
    folder = os.path.join(HERE, "mutants")
    return [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.endswith(".patch")]


def target_of(patch):
    with open(patch) as text:
        return re.search(r"^\+\+\+ b/(\S+)", text.read(), re.M).group(1)


def apply(patch, folder):
    """The mutated file in a tree of its own; None if the patch does not apply."""
    name = target_of(patch)
    copy = os.path.join(folder, name)
    os.makedirs(os.path.dirname(copy), exist_ok=True)
    shutil.copy(os.path.join(ROOT, name), copy)
    done = subprocess.run(["patch", "-s", "-p1", "-d", folder, "-i", patch], capture_output=True, text=True)
    return copy if done.returncode == 0 else None


def link_command(build):
    listed = subprocess.run(["ninja", "-C", build, "-t", "commands", "-s", "tests/simulation/kalends_simulation"],
                            capture_output=True, text=True, check=True).stdout.strip().splitlines()[-1]
    inner = [part for part in re.split(r"\s&&\s", listed) if " -o " in part][-1]
    return shlex.split(inner)


def try_one(patch, build, compile_commands, link, seeds):
    name = os.path.basename(patch)[:-len(".patch")]
    with tempfile.TemporaryDirectory(prefix="kalends-mutant-") as folder:
        copy = apply(patch, folder)
        if copy is None:
            return name, "does not apply"
        source = os.path.join(ROOT, target_of(patch))
        entry = next(c for c in compile_commands if os.path.normpath(os.path.join(c["directory"], c["file"])) == source)
        command = shlex.split(entry["command"])
        mutant = os.path.join(folder, "mutant.o")
        command[command.index("-o") + 1] = mutant
        command[command.index("-c") + 1] = copy
        command.append("-Wno-error")
        done = subprocess.run(command, cwd=entry["directory"], capture_output=True, text=True)
        if done.returncode != 0:
            return name, "does not compile: " + done.stderr[-400:]
        binary = os.path.join(folder, "simulation")
        linking = list(link)
        linking[linking.index("-o") + 1] = binary
        # Before the libraries: what it defines is not taken from them any more.
        linking.insert(linking.index("-o"), mutant)
        done = subprocess.run(linking, cwd=build, capture_output=True, text=True)
        if done.returncode != 0:
            return name, "does not link: " + done.stderr[-400:]
        step = 50
        for first in range(1, seeds, step):
            lived = subprocess.run([binary, "--seeds", str(step), "--from", str(first), "--jobs", "1"],
                                   capture_output=True, text=True)
            if lived.returncode != 0:
                found = re.search(r"^seed .*$", lived.stdout, re.M)
                return name, "caught: " + (found.group(0) if found else "the process died")
    return name, "lives"


def check():
    bad = 0
    for patch in patches():
        with tempfile.TemporaryDirectory(prefix="kalends-mutant-") as folder:
            if apply(patch, folder) is None:
                print("does not apply:", os.path.basename(patch))
                bad += 1
    print(f"patches={len(patches())} stale={bad}")
    return bad


def main():
    if sys.argv[1:2] == ["--check"]:
        sys.exit(1 if check() else 0)
    build = os.path.abspath(sys.argv[1])
    options = dict(zip(sys.argv[2::2], sys.argv[3::2]))
    seeds = int(options.get("--seeds", "1000"))
    chosen = [p for p in patches() if options.get("--only", "") in os.path.basename(p)]
    with open(os.path.join(build, "compile_commands.json")) as text:
        compile_commands = json.load(text)
    link = link_command(build)
    caught = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(try_one, p, build, compile_commands, link, seeds) for p in chosen]
        for job in concurrent.futures.as_completed(jobs):
            name, what = job.result()
            caught += what.startswith("caught")
            print(f"{name}: {what}", flush=True)
    print(f"mutants={len(chosen)} caught={caught}")
    sys.exit(0 if caught == len(chosen) else 1)


if __name__ == "__main__":
    main()
