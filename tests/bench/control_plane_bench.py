#!/usr/bin/python3
"""The control plane beside Slurm's, on one machine in one run.

    bazel run //tests/bench:control_plane_bench -- [--pairs N] [--only NAME] [--slurmctld PATH] ...

Measures, each N times on both in turn:
  submit1, submit64   durable acknowledgements: latency and throughput, from 1 and from 64 clients. Slurm's are sbatch processes
                      (1 and 64 at once) and, where libslurm-dev is installed, its own library; Bonsai's are gRPC calls
  tasks               2,000 no-op tasks, from submission to the end of the last
  death               kill -9 of a worker (of a node) to the restart of its gang of two elsewhere
  preemption          submission of a job of high priority on a full cluster to its start
  recovery            kill -9 of the coordinator with 100,000 jobs on record to its first answer (Bonsai alone)
and fdatasync on the same disk, between them. Prints medians and their ratio, and JSON with --json. Where no Slurm is
installed it says so and measures Bonsai alone.
"""
import argparse
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import bonsai_cluster
import slurm_cluster

HERE = pathlib.Path(__file__).resolve().parent
TASKS = 2000


def run_json(*command, environment=None):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, env=environment, timeout=600)
    if done.returncode != 0:
        raise RuntimeError("%s: %s" % (" ".join(map(str, command)), done.stderr[-500:]))
    return json.loads(done.stdout)


def latencies(what, clients, seconds, elapsed):
    seconds.sort()
    return {"what": what, "clients": clients, "count": len(seconds), "seconds": elapsed,
            "per_second": len(seconds) / elapsed, "p50_ms": 1e3 * seconds[len(seconds) // 2],
            "p99_ms": 1e3 * seconds[min(len(seconds) - 1, int(len(seconds) * 0.99))]}


class BonsaiSide:
    name = "bonsai"

    def __init__(self, binaries, folder, arguments):
        self.load = binaries["load_generator"]
        self.arguments = arguments
        self.cluster = bonsai_cluster.BonsaiCluster(binaries, folder / "bonsai", arguments.nodes, arguments.cpus)

    def submit(self, clients, count):
        # Nothing is to run: only the acknowledgement is measured, as with Slurm's held jobs.
        self.cluster.stop_workers()
        result = run_json(self.load, "submit", self.cluster.address(), clients, count)
        self.cluster.restart_empty()
        return result

    def tasks(self, count):
        self.cluster.wait_for_workers()
        return run_json(self.load, "tasks", self.cluster.address(), count)

    def death(self):
        return self.cluster.measure_death()

    def preemption(self):
        return self.cluster.measure_preemption()

    def recovery(self):
        self.cluster.stop_workers()
        run_json(self.load, "submit", self.cluster.address(), 64, self.arguments.recorded)
        self.cluster.coordinator.kill()
        self.cluster.coordinator.wait()
        start = time.monotonic()
        self.cluster.start_coordinator()
        seconds = time.monotonic() - start
        self.cluster.restart_empty()
        return {"what": "recovery", "jobs": self.arguments.recorded, "seconds": seconds}


class SlurmSide:
    name = "slurm"

    def __init__(self, programs, folder, arguments, library):
        self.arguments = arguments
        self.library = library
        self.started = folder / "started.slurm"
        self.cluster = slurm_cluster.SlurmCluster(programs, arguments.nodes, arguments.cpus,
                                                  slurmd_timeout=arguments.slurmd_timeout, folder=folder / "slurm")

    def submit(self, clients, count):
        result = self.sbatch(clients, min(count, 64 if clients == 1 else 256))
        if self.library:
            result["library"] = run_json(self.library, clients, count, environment=self.cluster.environment)
        self.cancel_all()
        return result

    def sbatch(self, clients, count):
        times, lock, left = [], threading.Lock(), [count]

        def client():
            while True:
                with lock:
                    if left[0] == 0:
                        return
                    left[0] -= 1
                sent = time.monotonic()
                self.cluster.submit("-H", "-o", "/dev/null", "--wrap", "true")
                with lock:
                    times.append(time.monotonic() - sent)

        threads = [threading.Thread(target=client) for _ in range(clients)]
        start = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return latencies("sbatch", clients, times, time.monotonic() - start)

    def cancel_all(self):
        self.cluster.run("scancel", "-u", "root")
        slurm_cluster.wait_for(lambda: self.cluster.pending_or_running() == 0, "the jobs to go", 300)

    def tasks(self, count):
        start = time.monotonic()
        self.cluster.submit("-o", "/dev/null", "--array=0-%d" % (count - 1), "--wrap", "true")
        submitted = time.monotonic() - start
        while self.cluster.pending_or_running() > 0:
            time.sleep(0.2)
        elapsed = time.monotonic() - start
        return {"what": "tasks", "count": count, "submit_seconds": submitted, "seconds": elapsed, "per_second": count / elapsed}

    def starts(self):
        """[(Unix time, node)] of ranks that started, in order."""
        if not self.started.exists():
            return []
        return [(float(line.split()[0]), line.split()[1]) for line in self.started.read_text().splitlines()]

    def hold(self, *arguments):
        note = "echo $(date +%%s.%%N) $SLURMD_NODENAME >> %s; exec sleep 3600" % self.started
        return self.cluster.submit("--requeue", "-o", "/dev/null", *arguments, "--wrap", "srun sh -c '%s'" % note)

    def death(self):
        self.started.unlink(missing_ok=True)
        self.hold("-N2", "-n2")
        slurm_cluster.wait_for(lambda: len(self.starts()) == 2, "the gang", 60)
        node = self.starts()[1][1]
        killed = time.time()
        self.cluster.kill_node(node)
        slurm_cluster.wait_for(lambda: len(self.starts()) == 4, "the gang to start again", 600)
        seconds = self.starts()[3][0] - killed
        self.cancel_all()
        self.cluster.start_slurmd(node)
        self.cluster.wait_for_idle(300)
        return {"what": "death", "seconds": seconds}

    def preemption(self):
        self.started.unlink(missing_ok=True)
        self.hold("-p", "low", "-N", str(self.cluster.nodes), "--exclusive")
        slurm_cluster.wait_for(lambda: len(self.starts()) >= self.cluster.nodes, "the low job", 60)
        submitted = time.time()
        self.hold("-p", "high", "-n1")
        slurm_cluster.wait_for(lambda: len(self.starts()) > self.cluster.nodes, "the high job", 120)
        seconds = self.starts()[self.cluster.nodes][0] - submitted
        self.cancel_all()
        return {"what": "preemption", "seconds": seconds}


MEASURES = {
    "submit1": lambda side, arguments: side.submit(1, arguments.submissions),
    "submit64": lambda side, arguments: side.submit(64, arguments.submissions * 4),
    "tasks": lambda side, arguments: side.tasks(arguments.tasks),
    "death": lambda side, arguments: side.death(),
    "preemption": lambda side, arguments: side.preemption(),
    "recovery": lambda side, arguments: side.recovery() if hasattr(side, "recovery") else None,
}


def build_library(folder):
    """Slurm's own submission library as a client, or None."""
    out = folder / "slurm_submit"
    done = subprocess.run(["cc", "-O2", "-o", str(out), str(HERE / "slurm_submit.c"), "-lslurm"], capture_output=True)
    return out if done.returncode == 0 else None


def medians(results):
    keys = [key for key in results[0] if isinstance(results[0][key], (int, float))]
    return {key: statistics.median(result[key] for result in results) for key in keys}


def show(values):
    return "  ".join("%s %.4g" % (key, value) for key, value in sorted(values.items()) if key not in ("clients", "count"))


def print_report(results):
    for measure, sides in results.items():
        print("\n%s" % measure)
        middle = {}
        for name, found in sides.items():
            middle[name] = medians(found)
            print("  %-14s n=%d  %s" % (name, len(found), show(middle[name])))
        for peer in ("slurm", "slurm_library"):
            if peer in middle and "bonsai" in middle:
                key = "per_second" if "per_second" in middle[peer] else "seconds"
                ratios = [ours[key] / theirs[key] for ours, theirs in zip(sides["bonsai"], sides[peer])]
                print("  bonsai / %-13s %s: median of ratios %.3g" % (peer, key, statistics.median(ratios)))


def measure_all(sides, load, folder, arguments):
    results = {}
    for name in arguments.only or MEASURES:
        found = results.setdefault(name, {})
        for pair in range(arguments.pairs):
            # Whoever begins changes, so that a drift of the machine hurts both.
            for side in sides if pair % 2 == 0 else reversed(sides):
                result = MEASURES[name](side, arguments)
                if result is None:
                    continue
                library = result.pop("library", None)
                found.setdefault(side.name, []).append(result)
                if library:
                    found.setdefault("slurm_library", []).append(library)
                print("%s %d %s: %s" % (name, pair + 1, side.name, json.dumps(result)), file=sys.stderr, flush=True)
            found.setdefault("fdatasync", []).append(run_json(load, "fdatasync", folder, 200))
    return results


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--only", action="append", choices=MEASURES, help="may be given several times")
    parser.add_argument("--nodes", type=int, default=4, help="workers, and slurmds")
    parser.add_argument("--cpus", type=int, default=16, help="slots of each")
    parser.add_argument("--tasks", type=int, default=TASKS)
    parser.add_argument("--submissions", type=int, default=500, help="from one client; four times as many from 64")
    parser.add_argument("--recorded", type=int, default=100000, help="jobs on record when the coordinator is killed")
    parser.add_argument("--slurmd_timeout", type=int, default=10)
    parser.add_argument("--folder", help="on the disk to be measured; default: a temporary one")
    parser.add_argument("--binaries", help="the folder with the built packages; default: this program's runfiles")
    parser.add_argument("--json", help="also write all results there")
    slurm_cluster.add_arguments(parser)
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = pathlib.Path(arguments.folder or tempfile.mkdtemp(prefix="control_plane_bench"))
    folder.mkdir(parents=True, exist_ok=True)
    root = pathlib.Path(arguments.binaries or pathlib.Path.cwd())
    binaries = dict(bonsai_cluster.find_binaries(root), load_generator=root / "tests/bench/load_generator")
    programs = slurm_cluster.find_programs(vars(arguments))
    sides = [BonsaiSide(binaries, folder, arguments)]
    if isinstance(programs, str):
        print("skipped: %s; Bonsai alone" % programs)
    else:
        sides.append(SlurmSide(programs, folder, arguments, build_library(folder)))
        print("%s: %s" % (sides[1].cluster.version(), sides[1].cluster.flags()))
    lease = sides[0].cluster.lease_ms
    print("bonsai: %d workers of %d cpus, %s lease" % (arguments.nodes, arguments.cpus, "%d ms" % lease if lease else "the default"))
    try:
        for side in sides:
            side.cluster.start()
        results = measure_all(sides, binaries["load_generator"], folder, arguments)
    finally:
        for side in sides:
            side.cluster.stop()
        if not arguments.folder:
            shutil.rmtree(folder, ignore_errors=True)
    print_report(results)
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
