#!/usr/bin/python3
"""Debian's Prometheus over a live cluster: every query of every panel and every rule gives data, or says why not.

A coordinator and a worker run jobs of a stand-in runner, which reports samples as a trainer does. Prometheus scrapes
both with the configuration and the rules of deploy/prometheus, on faster clocks. A panel whose query gives nothing must
say "Empty when ..." in its description, an alert whose expression gives nothing in its annotation `empty_when`.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse
import urllib.request

DEADLINE_SECONDS = 120
FILES = {}  # "coordinator", "worker", "client", "deploy": the paths of the test's arguments

RUNNER = r'''#!/usr/bin/python3
"""Reports samples until it is asked to leave; a job that is called "fails" fails."""
import os, re, signal, struct, sys, time
task = open(sys.argv[1].split("=", 1)[1]).read()
fd = int(re.search(r"events_fd: (\d+)", task).group(1))
field = lambda number, data: bytes([number << 3 | 2, len(data)]) + data
metric = lambda name, value: field(2, field(1, name.encode()) + b"\x11" + struct.pack("<d", value))
signal.signal(signal.SIGTERM, lambda *unused: os._exit(75))
if '"fails"' in task:
    print("it fails", flush=True)
    os._exit(1)
step = 0
while True:
    step = min(step + 1, 127)
    sample = bytes([8, step]) + metric("loss", 5.0 / step) + metric("tokens_per_second", 1000.0) + metric(
        "checkpoint_stall_seconds", 0.5)
    event = field(2, sample)
    os.write(fd, bytes([len(event)]) + event)
    time.sleep(0.2)
'''

PIPELINE = """
name: "live"
jobs { name: "trains" data { sources { dataset: "c4" format: C4_JSON_GZ paths: "/nowhere/*" } } }
jobs { name: "fails" max_attempts: 1 data { sources { dataset: "c4" format: C4_JSON_GZ paths: "/nowhere/*" } } }
jobs { name: "large" resources { cpus: 4 }
  data { sources { dataset: "c4" format: C4_JSON_GZ paths: "/nowhere/*" } } }
jobs { name: "waits" tokenizer { corpus: "@trains" vocab_size: 512 } }
"""


def wait_for(condition, what):
    end = time.monotonic() + DEADLINE_SECONDS
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("waited in vain for " + what)
        time.sleep(0.05)


def fetch(url):
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read().decode()


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@unittest.skipUnless(shutil.which("prometheus") and shutil.which("promtool"), "skipped: no prometheus")
class PrometheusTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR")))
        cls.processes = []
        cls.addClassCleanup(cls.clean)
        cls.start_cluster()
        cls.start_prometheus()

    @classmethod
    def clean(cls):
        for process in reversed(cls.processes):
            process.send_signal(signal.SIGTERM)
        for process in cls.processes:
            process.wait(timeout=60)
        shutil.rmtree(cls.folder, ignore_errors=True)

    @classmethod
    def run_in_background(cls, name, *command, **more):
        with open(cls.folder / (name + ".log"), "wb") as log:
            cls.processes.append(subprocess.Popen([str(part) for part in command], stdout=log, stderr=log, **more))

    @classmethod
    def start_cluster(cls):
        folder = cls.folder
        for part in ("share/tracks", "runners"):
            (folder / part).mkdir(parents=True)
        shutil.copy(FILES["deploy"] / "tracks" / "open.textproto", folder / "share/tracks")
        runner = folder / "runners" / "bonsai-run-data"
        runner.write_text(RUNNER)
        runner.chmod(0o755)
        shutil.copy(runner, folder / "runners" / "bonsai-run-tokenizer")
        (folder / "coordinator").write_text(
            'state_dir: "%s/state" storage_dir: "%s/blobs" share_dir: "%s/share"' % (folder, folder, folder))
        cls.run_in_background("coordinator", FILES["coordinator"], "--config=%s/coordinator" % folder)
        address = folder / "state" / "address"
        wait_for(address.exists, "the coordinator")
        (folder / "worker").write_text(
            'worker_id: "w1" coordinator_address_file: "%s" work_dir: "%s/work" storage_dir: "%s/blobs" '
            'runner_dir: "%s/runners" share_dir: "%s/share" cpus: 4 '
            'devices { id: "local" target: "host" transport: "local" }' % (address, folder, folder, folder, folder))
        cls.run_in_background("worker", FILES["worker"], "--config=%s/worker" % folder)
        (folder / "pipeline").write_text(PIPELINE)
        cls.bonsai = [FILES["client"], "--coordinator", address.read_text().strip()]
        subprocess.run([*cls.bonsai, "submit", folder / "pipeline"], check=True, capture_output=True)
        cls.figures = "http://" + (folder / "state" / "metrics_address").read_text().strip() + "/metrics"
        wait_for(lambda: all(part in fetch(cls.figures) for part in (
            "bonsai_job_loss", 'bonsai_attempts_total{outcome="FAILED"} 1')), "samples and a failure")

    @classmethod
    def start_prometheus(cls):
        home = cls.folder / "prometheus"
        shutil.copytree(FILES["deploy"] / "prometheus", home)
        (home / "targets").mkdir()
        for name, file in (("coordinator", "state"), ("workers", "work")):
            address = (cls.folder / file / "metrics_address").read_text().strip()
            (home / "targets" / (name + ".json")).write_text(json.dumps([{"targets": [address]}]))
        config = home / "prometheus.yml"
        config.write_text(re.sub(r"(_interval): 15s", r"\1: 400ms", config.read_text()))
        port = free_port()
        cls.prometheus = "http://127.0.0.1:%d" % port
        cls.run_in_background("prometheus", shutil.which("prometheus"), "--config.file=%s" % config,
                              "--web.listen-address=127.0.0.1:%d" % port, "--storage.tsdb.path=%s/tsdb" % home,
                              "--log.level=warn", cwd=home)

        def ready():
            try:
                return cls.query("count(up == 1)")[0]["value"][1] == "2"
            except (AssertionError, OSError, IndexError):  # it starts; it has scraped nothing yet
                return False
        wait_for(ready, "Prometheus to scrape both")

    @classmethod
    def query(cls, expression):
        try:
            text = fetch(cls.prometheus + "/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
        except urllib.error.HTTPError as error:
            raise AssertionError("%s: %s" % (expression, error.read().decode())) from error
        return json.loads(text)["data"]["result"]

    def assert_data(self, expression, where, may_be_empty):
        """Data at once; or, where it must come, within a few scrapes; or a stated reason."""
        if may_be_empty:
            self.query(expression)
            return
        try:
            wait_for(lambda: self.query(expression), "data")
        except AssertionError as error:
            raise AssertionError("%s: no data, and no reason: %s" % (where, expression)) from error

    def test_every_panel_has_data_or_says_why_not(self):
        queries = 0
        for path in sorted((FILES["deploy"] / "grafana").glob("*.json")):
            for panel in json.loads(path.read_text())["panels"]:
                self.assertTrue(panel["description"], panel["title"])
                for target in panel["targets"]:
                    expression = target["expr"].replace("$__rate_interval", "1m").replace("$job", ".*")
                    self.assertNotIn("$", expression)
                    self.assert_data(expression, "%s, %s" % (path.name, panel["title"]),
                                     "Empty when " in panel["description"])
                    queries += 1
        self.assertGreater(queries, 40)

    def test_every_rule_has_data_or_says_why_not(self):
        groups = wait_for(lambda: [group for group in json.loads(fetch(self.prometheus + "/api/v1/rules"))["data"][
            "groups"] if all(rule["health"] == "ok" for rule in group["rules"])], "the rules")
        rules = [rule for group in groups for rule in group["rules"]]
        self.assertEqual(len(rules), 20)
        for rule in rules:
            reason = rule.get("annotations", {}).get("empty_when", "")
            self.assertTrue(rule["type"] == "recording" or reason, rule["name"])
            self.assert_data(rule["query"], rule["name"], bool(reason))

    def test_what_is_shown_is_what_happens(self):
        for expression, value in (('bonsai_pending_jobs{reason="inputs"}', 1), ('bonsai_pending_jobs{reason="room"}', 1),
                                  ("sum(bonsai_running_jobs)", 1), ('bonsai_cpus{state="leased"}', 1),
                                  ('bonsai_attempts_total{outcome="FAILED"}', 1),
                                  ('bonsai_job_tokens_per_second{job_id="p1/trains"}', 1000),
                                  ("bonsai_admission_wait_seconds_count", 2), ('bonsai_workers{live="true"}', 1),
                                  ('bonsai_devices{target="host",leased="false"}', 1)):
            wait_for(lambda: [float(point["value"][1]) for point in self.query(expression)] == [value],
                     "%s to be %g, not %s" % (expression, value, self.query(expression)))

    def test_promtool_accepts_configuration_and_rules(self):
        home = FILES["deploy"] / "prometheus"
        for command in (["check", "config", "prometheus.yml"], ["check", "rules", "alerts.rules.yml"],
                        ["check", "rules", "recording.rules.yml"], ["test", "rules", "alerts.test.yml"]):
            done = subprocess.run(["promtool", *command], cwd=home, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        checked = subprocess.run(["promtool", "check", "metrics"], input=fetch(self.figures), capture_output=True,
                                 text=True)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def test_every_line_of_the_logs_names_what_it_is_about(self):
        line = re.compile(r'^time=\S+ level=(info|warning|error) source=(coordinator|worker)( \w+=("([^"\\]|\\.)*"|\S+))+$')
        for name in ("coordinator", "worker"):
            for text in (self.folder / (name + ".log")).read_text().splitlines():
                self.assertRegex(text, line)
        self.assertRegex((self.folder / "coordinator.log").read_text(), r'job=p1/fails attempt=1 msg="ended, FAILED')
        self.assertRegex((self.folder / "worker.log").read_text(), r"job=p1/trains attempt=1 rank=0 msg=")


if __name__ == "__main__":
    for argument in [a for a in sys.argv[1:] if "=" in a]:
        name, path = argument.split("=", 1)
        FILES[name] = pathlib.Path(path).resolve()
        sys.argv.remove(argument)
    FILES["deploy"] = FILES["deploy"].parent.parent  # of its prometheus/prometheus.yml
    unittest.main(verbosity=2)
