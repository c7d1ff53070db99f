"""A real local cluster for the end-to-end tests: `bonsai up` from the install tree, in a folder of its own.

Tests talk to it as a user does, through the `bonsai` command and its --json, and hurt it with signals. Waiting is
polling for a condition with a deadline; nothing depends on how long anything takes.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from xml.etree import ElementTree

DEADLINE_SECONDS = 480


def install_tree():
    """The install tree's folder: the test's first argument, made absolute before any test changes folders."""
    return pathlib.Path(os.environ["BONSAI_DIST"])


def wait_for(condition, what, seconds=DEADLINE_SECONDS):
    """Polls until condition() is true and returns its value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("waited %d s in vain for %s" % (seconds, what))
        time.sleep(0.05)


def processes_below(root_pid):
    """{pid: command line} of all living descendants of a process."""
    children, commands = {}, {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except (OSError, IndexError):
            continue
        if fields[0] != "Z":
            children.setdefault(int(fields[1]), []).append(int(entry.name))
            commands[int(entry.name)] = command
    found, todo = {}, [root_pid]
    while todo:
        for pid in children.get(todo.pop(), []):
            found[pid] = commands[pid]
            todo.append(pid)
    return found


class Cluster:
    """`bonsai up` in a temporary folder. Use as a context manager."""

    def __init__(self, workers=1, folder=None, flags=()):
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="bonsai", dir=os.environ.get("TEST_TMPDIR")))
        self.workers = workers
        self.flags = flags  # further ones of `bonsai up`
        self.bonsai = str(install_tree() / "bin" / "bonsai")
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *unused):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        log = open(self.folder / "up.log", "ab")
        self.process = subprocess.Popen(
            [self.bonsai, "--dir", str(self.folder / "cluster"), "up", "--workers", str(self.workers),
             *self.flags],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        wait_for(lambda: self.process.poll() is not None or self.try_json("workers").get("workers"), "the cluster")
        if self.process.poll() is not None:
            raise AssertionError("bonsai up ended: " + (self.folder / "up.log").read_text())

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(timeout=60)

    def run(self, *arguments):
        return subprocess.run([self.bonsai, "--dir", str(self.folder / "cluster"), *arguments],
                              capture_output=True, text=True, timeout=DEADLINE_SECONDS, stdin=subprocess.DEVNULL)

    def json(self, *arguments):
        done = self.run(*arguments, "--json")
        if done.returncode != 0:
            raise AssertionError("bonsai %s: exit %d: %s" % (" ".join(arguments), done.returncode, done.stderr))
        return json.loads(done.stdout or "{}")

    def try_json(self, *arguments):
        """As json(), but {} while the coordinator is away."""
        done = self.run(*arguments, "--json")
        return json.loads(done.stdout or "{}") if done.returncode == 0 else {}

    def page(self, path):
        """The text of one of the coordinator's pages, or of its API."""
        address = (self.folder / "cluster" / "state" / "metrics_address").read_text().strip()
        with urllib.request.urlopen("http://%s%s" % (address, path), timeout=DEADLINE_SECONDS) as reply:
            return reply.read().decode()

    def submit(self, text, **settings):
        path = self.folder / "pipeline.textproto"
        path.write_text(text)
        sets = [word for name, value in settings.items() for word in ("--set", "%s=%s" % (name, value))]
        return self.json("submit", str(path), *sets)["pipelineId"]

    def jobs(self, pipeline):
        """{job name: JobStatus} of a pipeline; {} while the coordinator is away."""
        return {status["job"]["spec"]["name"]: status for status in self.try_json("jobs", pipeline).get("jobs", [])}

    def job(self, pipeline, name):
        return self.jobs(pipeline).get(name, {}).get("job", {})

    def wait_for_state(self, pipeline, name, *states):
        def reached():
            job = self.job(pipeline, name)
            if job.get("state") in ("FAILED", "CANCELLED", "DONE") and job["state"] not in states:
                raise AssertionError("%s is %s: %s" % (name, job["state"], job.get("reason")))
            return job if job.get("state") in states else None
        return wait_for(reached, "%s to be %s" % (name, " or ".join(states)))

    def wait_for_step(self, pipeline, name, step):
        """Until the job's runner has reported a sample at or after the step."""
        wait_for(lambda: int(self.jobs(pipeline).get(name, {}).get("sample", {}).get("step", 0)) >= step,
                 "%s to reach step %d" % (name, step))

    def pids(self, pattern):
        return [pid for pid, command in processes_below(self.process.pid).items() if pattern in command.split(" ")[0]]

    def samples(self, pipeline, name, attempt, metric):
        """{step: value} that one attempt's rank 0 reported."""
        done = self.run("logs", "%s/%s" % (pipeline, name), "--attempt", str(attempt), "--samples")
        found = {}
        for line in done.stdout.splitlines():
            sample = json.loads(line)
            for entry in sample.get("metrics", []):
                if entry["name"] == metric:
                    found[int(sample.get("step", 0))] = entry.get("value", 0)
        return found


def generate_stories(folder, megabytes=0.6):
    """The generated corpus in C4's, Alpaca's and CommonsenseQA's formats."""
    subprocess.run([str(install_tree() / "bin" / "bonsai-stories"), "--out", str(folder),
                    "--bytes", str(int(megabytes * 1e6))], check=True, capture_output=True)
    return folder


class RecordingResult(unittest.TextTestResult):
    """Keeps every test's outcome for the test.xml that Bazel and ./test read."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.outcomes = []  # (test id, element name or None, message)

    def addSuccess(self, test):
        super().addSuccess(test)
        self.outcomes.append((test.id(), None, ""))

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.outcomes.append((test.id(), "failure", str(err[1])))

    def addError(self, test, err):
        super().addError(test, err)
        self.outcomes.append((test.id(), "error", str(err[1])))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.outcomes.append((test.id(), "skipped", reason))


def main():
    """Runs the tests of the calling file."""
    os.environ["BONSAI_DIST"] = str(pathlib.Path(sys.argv.pop(1)).resolve())
    runner = unittest.TextTestRunner(verbosity=2, resultclass=RecordingResult)
    result = unittest.main(module="__main__", exit=False, testRunner=runner).result
    if os.environ.get("XML_OUTPUT_FILE"):
        suite = ElementTree.Element("testsuite", name="end_to_end")
        for name, element, message in result.outcomes:
            case = ElementTree.SubElement(suite, "testcase", name=name)
            if element:
                ElementTree.SubElement(case, element, message=message)
        ElementTree.ElementTree(suite).write(os.environ["XML_OUTPUT_FILE"])
    sys.exit(0 if result.wasSuccessful() else 1)
