#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plants the bugs in mutants/ one by one and lives seeds until the simulation notices.

mutants.py BUILD_DIR [--seeds N] [--only NAME,…]  compile, link, live; the last line is "mutants=M caught=C"
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


def targets_of(patch):
    with open(patch) as text:
        return re.findall(r"^\+\+\+ b/(\S+)", text.read(), re.M)


def apply(patch, folder):
    """The mutated files in a tree of their own; None if the patch does not apply."""
    names = targets_of(patch)
    for name in names:
        copy = os.path.join(folder, name)
        os.makedirs(os.path.dirname(copy), exist_ok=True)
        shutil.copy(os.path.join(ROOT, name), copy)
    done = subprocess.run(["patch", "-s", "-p1", "-d", folder, "-i", patch], capture_output=True, text=True)
    return names if done.returncode == 0 else None


def link_command(build):
    listed = subprocess.run(["ninja", "-C", build, "-t", "commands", "-s", "tests/simulation/kalends_simulation"],
                            capture_output=True, text=True, check=True).stdout.strip().splitlines()[-1]
    inner = [part for part in re.split(r"\s&&\s", listed) if " -o " in part][-1]
    return shlex.split(inner)


def compile_file(name, folder, compile_commands):
    """The object of the mutated file, the one that it takes the place of, and what the compiler said if it failed."""
    source = os.path.join(ROOT, name)
    entry = next(c for c in compile_commands if os.path.normpath(os.path.join(c["directory"], c["file"])) == source
                 and ("kalends_simulation" in c["command"] or not name.startswith("tests/")))
    command = shlex.split(entry["command"])
    mutant = os.path.join(folder, name.replace("/", "_") + ".o")
    original = command[command.index("-o") + 1]
    command[command.index("-o") + 1] = mutant
    command[command.index("-c") + 1] = os.path.join(folder, name)
    command.append("-Wno-error")
    done = subprocess.run(command, cwd=entry["directory"], capture_output=True, text=True)
    return mutant, original, done.stderr[-400:] if done.returncode != 0 else ""


def lives(binary, arguments):
    """What the first seed that fails breaks; None if none does."""
    run = subprocess.run([binary, "--jobs", "1", *arguments], capture_output=True, text=True)
    if run.returncode == 0:
        return None
    found = re.search(r"^seed .*$", run.stdout, re.M)
    return found.group(0) if found else "the process died"


def try_one(patch, build, compile_commands, link, seeds):
    name = os.path.basename(patch)[:-len(".patch")]
    with tempfile.TemporaryDirectory(prefix="kalends-mutant-") as folder:
        names = apply(patch, folder)
        if names is None:
            return name, "does not apply"
        binary = os.path.join(folder, "simulation")
        linking = list(link)
        linking[linking.index("-o") + 1] = binary
        for target in names:
            mutant, original, failed = compile_file(target, folder, compile_commands)
            if failed:
                return name, "does not compile: " + failed
            if original in linking:
                linking[linking.index(original)] = mutant
            else:  # before the libraries: what it defines is not taken from them any more
                linking.insert(linking.index("-o"), mutant)
        done = subprocess.run(linking, cwd=build, capture_output=True, text=True)
        if done.returncode != 0:
            return name, "does not link: " + done.stderr[-400:]
        found = lives(binary, ["--seeds", "0", "--also", os.path.join(HERE, "seeds.txt")])
        if found:
            return name, "caught: " + found
        step = 50
        for first in range(1, seeds, step):
            for nodes in ("1", "2"):
                found = lives(binary, ["--seeds", str(step), "--from", str(first), "--nodes", nodes])
                if found:
                    return name, f"caught: {found}" + (" (two nodes)" if nodes == "2" else "")
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
    named = options.get("--only", "").split(",")
    chosen = [p for p in patches() if any(name in os.path.basename(p) for name in named)]
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
