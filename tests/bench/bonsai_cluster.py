"""A coordinator and workers on this machine in a folder of its own, with no-op runners: for benchmarks and fault tests.

Workers and coordinator are separate processes that a caller may hurt one by one.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

RUNNERS = ("data", "tokenizer", "pack", "pretrain")
START_SECONDS = 30

HOLD = """
name: "hold"
jobs { name: "corpus" %(small)s data { sources { dataset: "x" format: C4_JSON_GZ paths: "/nowhere/x.json.gz" } } }
jobs { name: "tokenizer" %(small)s tokenizer { corpus: "@corpus" vocab_size: 512 } }
jobs { name: "pack" %(small)s pack { corpus: "@corpus" tokenizer: "@tokenizer" } }
jobs {
  name: "hold" priority: %(priority)d
  resources { ranks: %(ranks)d cpus: %(cpus)d memory_bytes: 1048576 }
  pretrain {
    tokens: "@pack" tokenizer: "@tokenizer"
    model { dim: 32 layers: 2 heads: 4 kv_heads: 2 hidden_dim: 64 max_seq_len: 64 }
    optimizer { learning_rate: 0.003 }
    schedule { shape: WSD warmup_steps: 5 decay_steps: 10 }
    steps: 30 batch_sequences: %(ranks)d
  }
}
"""


def wait_for(condition, what, seconds=START_SECONDS):
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise RuntimeError("waited %d s in vain for %s" % (seconds, what))
        time.sleep(0.005)


def find_binaries(root):
    """{name: path}; root holds the built packages as the repository does."""
    root = pathlib.Path(root)
    found = {"coordinator": root / "coordinator" / "bonsai-coordinator", "worker": root / "worker/agent/bonsai-worker",
             "noop_runner": root / "tests/bench/noop_runner", "bonsai": root / "client/bonsai"}
    missing = [str(path) for path in found.values() if not path.exists()]
    if missing:
        raise RuntimeError("not built: " + ", ".join(missing))
    return found


class BonsaiCluster:

    def __init__(self, binaries, folder, workers=4, cpus=16, lease_ms=0, memory_bytes=100 << 30, host="127.0.0.1"):
        self.binaries = binaries
        self.folder = pathlib.Path(folder)
        self.worker_count = workers
        self.cpus = cpus
        self.lease_ms = lease_ms
        self.memory_bytes = memory_bytes
        self.host = host
        self.coordinator = None
        self.workers = {}

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *unused):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        for name in ("share/tracks", "runners", "storage"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        for kind in RUNNERS:
            runner = self.folder / "runners" / ("bonsai-run-" + kind)
            if not runner.exists():
                runner.symlink_to(self.binaries["noop_runner"].resolve())
        (self.folder / "coordinator.textproto").write_text(
            "listen_address: '%(host)s:0' state_dir: '%(f)s/state' storage_dir: '%(f)s/storage' share_dir: '%(f)s/share' "
            "lease_ms: %(lease)d\n" % {"f": self.folder, "lease": self.lease_ms, "host": self.host})
        self.start_coordinator()
        self.start_workers()

    def spawn(self, log, *command):
        with open(self.folder / log, "ab") as file:
            return subprocess.Popen([str(word) for word in command], stdout=file, stderr=file, stdin=subprocess.DEVNULL)

    def start_coordinator(self):
        self.coordinator = self.spawn("coordinator.log", self.binaries["coordinator"], "--config=%s/coordinator.textproto" % self.folder)
        wait_for(lambda: self.coordinator.poll() is not None or self.call("workers") is not None, "the coordinator")
        if self.coordinator.poll() is not None:
            raise RuntimeError("the coordinator ended: " + (self.folder / "coordinator.log").read_text()[-500:])

    def start_workers(self):
        for number in range(1, self.worker_count + 1):
            self.start_worker("w%d" % number)
        self.wait_for_workers()

    def start_worker(self, name, prefix=()):
        """`prefix` is what runs the worker, as in ("nsenter", ...)."""
        config = self.folder / (name + ".textproto")
        config.write_text(
            "worker_id: '%(n)s' coordinator_address_file: '%(f)s/state/address' work_dir: '%(f)s/work/%(n)s' "
            "storage_dir: '%(f)s/storage' runner_dir: '%(f)s/runners' share_dir: '%(f)s/share' cpus: %(c)d memory_bytes: %(m)d\n"
            % {"n": name, "f": self.folder, "c": self.cpus, "m": self.memory_bytes})
        self.workers[name] = self.spawn(name + ".log", *prefix, self.binaries["worker"], "--config=%s" % config)

    def live_workers(self):
        answer = self.call("workers") or {}
        return [each["workerId"] for each in answer.get("workers", []) if each.get("live")]

    def wait_for_workers(self):
        wait_for(lambda: set(self.workers) <= set(self.live_workers()), "the workers")

    def stop_workers(self):
        for process in self.workers.values():
            process.send_signal(signal.SIGTERM)
        for process in self.workers.values():
            process.wait(timeout=60)
        self.workers = {}

    def stop(self):
        self.stop_workers()
        if self.coordinator and self.coordinator.poll() is None:
            self.coordinator.send_signal(signal.SIGTERM)
            self.coordinator.wait(timeout=60)

    def restart_empty(self):
        """Stops everything, throws away what is on record and starts again."""
        self.stop()
        shutil.rmtree(self.folder / "state", ignore_errors=True)
        self.start()

    def address(self):
        return (self.folder / "state" / "address").read_text().strip()

    def run(self, *arguments):
        return subprocess.run([str(self.binaries["bonsai"]), "--coordinator", self.address(), *arguments, "--json"],
                              capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120)

    def call(self, *arguments):
        """A verb of the client, as JSON; None if it fails."""
        if not (self.folder / "state" / "address").exists():
            return None
        done = self.run(*arguments)
        return json.loads(done.stdout or "{}") if done.returncode == 0 else None

    def must(self, *arguments):
        """A verb that must succeed."""
        done = self.run(*arguments)
        if done.returncode != 0:
            raise RuntimeError("bonsai %s: %s" % (" ".join(arguments), done.stderr.strip()))
        return json.loads(done.stdout or "{}")

    def submit_hold(self, ranks, cpus, priority=0):
        """A gang that holds its place; the job's id."""
        path = self.folder / "hold.textproto"
        path.write_text(HOLD % {"ranks": ranks, "cpus": cpus, "priority": priority,
                                "small": "priority: %d resources { memory_bytes: 1048576 }" % priority})
        return self.must("submit", str(path))["pipelineId"] + "/hold"

    def starts(self, job):
        """[(Unix seconds, attempt, rank, process id)] of a job's ranks that started, in order."""
        path = self.folder / "share" / "started"
        rows = [line.split() for line in path.read_text().splitlines()] if path.exists() else []
        return [(int(row[0]) / 1e6, int(row[2]), int(row[3]), int(row[4])) for row in rows if row[1] == job]

    def job(self, job):
        """Its record; {} while the coordinator is away."""
        status = self.call("jobs", job.split("/")[0]) or {}
        return next((each["job"] for each in status.get("jobs", []) if each["job"]["id"] == job), {})

    def placements(self, job):
        """{rank: worker} of the newest attempt."""
        attempts = self.job(job).get("attempts") or [{"placements": []}]
        return {p.get("rank", 0): p["workerId"] for p in attempts[-1]["placements"]}

    def cancel(self, *jobs):
        """Cancels these, which must be all there are."""
        for job in jobs:
            self.must("cancel", job.split("/")[0])
        wait_for(lambda: not any(w.get("running") for w in (self.call("workers") or {"workers": [{"running": 1}]})["workers"]),
                 "its ranks to stop", 60)

    def measure_death(self):
        # More than half a worker for each rank: they cannot share one.
        job = self.submit_hold(ranks=2, cpus=self.cpus // 2 + 1)
        wait_for(lambda: len(self.starts(job)) == 2, "the gang")
        victim = self.placements(job)[1]
        killed = time.time()
        self.workers[victim].kill()
        wait_for(lambda: len(self.starts(job)) == 4, "the gang to start again", 120)
        self.workers[victim].wait()
        seconds = self.starts(job)[3][0] - killed
        self.start_worker(victim)
        self.wait_for_workers()
        self.cancel(job)
        return {"what": "death", "seconds": seconds}

    def measure_preemption(self):
        low = self.submit_hold(ranks=self.worker_count, cpus=self.cpus, priority=-10)
        wait_for(lambda: len(self.starts(low)) == self.worker_count, "the low job")
        submitted = time.time()
        high = self.submit_one_hold(priority=100)
        wait_for(lambda: self.starts(high), "the high job", 120)
        seconds = self.starts(high)[0][0] - submitted
        self.cancel(low, high)
        return {"what": "preemption", "seconds": seconds}

    def submit_one_hold(self, priority=0):
        """A job of one rank that holds its place; its id."""
        path = self.folder / "one.textproto"
        path.write_text('name: "one" jobs { name: "hold" priority: %d resources { memory_bytes: 1048576 } '
                        'data { sources { dataset: "x" format: C4_JSON_GZ paths: "/nowhere/x.json.gz" } } }' % priority)
        return self.must("submit", str(path))["pipelineId"] + "/hold"
