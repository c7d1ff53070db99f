#!/usr/bin/python3
"""Workers that fall silent and come back: stopped by SIGSTOP, or cut off in a network namespace of their own.

The job goes on elsewhere; exactly one attempt publishes; what the old one says late is refused; and its processes end
once it is heard again.
"""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = pathlib.Path.cwd()  # of the runfiles
for folder in ("bench", "end_to_end"):
    sys.path.insert(0, str(HERE.parent / folder))

import bonsai_cluster
import cluster as end_to_end
from bonsai_cluster import wait_for

LEASE_MS = 3000
PATIENCE_SECONDS = 120
# Loopback's addresses, on a link between two namespaces: nothing else may be listened on without certificates.
HERE_ADDRESS, THERE_ADDRESS = "127.77.0.1", "127.77.0.2"


def lives(pid):
    try:
        return pathlib.Path("/proc/%d/stat" % pid).read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class FaultTest(unittest.TestCase):

    def begin(self, workers, **options):
        folder = tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR"))
        self.here = bonsai_cluster.BonsaiCluster(bonsai_cluster.find_binaries(ROOT), folder, workers, cpus=4,
                                                 lease_ms=LEASE_MS, **options)
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        self.addCleanup(self.here.stop)
        self.here.start()

    def finish(self, attempt):
        (self.here.folder / "share" / ("finish-%d" % attempt)).touch()

    def wait_for_start(self, job, attempt, ranks=1):
        """{rank: process id} once all of an attempt run."""
        def started():
            rows = {rank: pid for _, number, rank, pid in self.here.starts(job) if number == attempt}
            return rows if len(rows) == ranks else None
        return wait_for(started, "%s attempt %d" % (job, attempt), PATIENCE_SECONDS)

    def wait_for_new_attempt(self, job, ranks=1):
        """The number of the attempt that runs and is not the first, and its {rank: process id}."""
        def running():
            record = self.here.job(job)
            return len(record.get("attempts", [])) if record.get("state") == "RUNNING" and len(record["attempts"]) > 1 else 0
        number = wait_for(running, "%s to run elsewhere" % job, PATIENCE_SECONDS)
        return number, self.wait_for_start(job, number, ranks)

    def wait_until_gone(self, pids):
        wait_for(lambda: not any(lives(pid) for pid in pids), "processes %s to end" % pids, PATIENCE_SECONDS)

    def expect_refused(self, job, number):
        """The first attempt is over, and nothing of what it says is believed; attempt `number` runs on."""
        record = self.here.job(job)
        self.assertEqual(record["attempts"][0]["outcome"], "LOST", record)
        self.assertEqual(len(record["attempts"]), number, record)
        self.assertEqual(record["state"], "RUNNING", record)
        self.assertNotIn("outputId", record)
        return record

    def expect_one_output(self, job, number):
        self.finish(number)
        record = wait_for(lambda: (lambda r: r if r.get("state") == "DONE" else None)(self.here.job(job)), "the end", PATIENCE_SECONDS)
        self.assertEqual(len(record["attempts"]), number, record)
        shown = self.here.must("artifacts", "show", record["outputId"])
        self.assertEqual(shown["manifest"]["lineage"]["attempt"], number)
        published = [each for each in self.here.must("artifacts").get("artifacts", []) if each["jobId"] == job]
        self.assertEqual([each["id"] for each in published], [record["outputId"]])

    def wait_until_heard(self, worker):
        wait_for(lambda: worker in self.here.live_workers(), "%s to be heard again" % worker, PATIENCE_SECONDS)

    def wait_until_silent(self, worker):
        wait_for(lambda: worker not in self.here.live_workers(), "%s's lease to end" % worker, PATIENCE_SECONDS)


class StoppedWorkerTest(FaultTest):

    def stop(self, *pids):
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
            self.addCleanup(lambda pid=pid: lives(pid) and os.kill(pid, signal.SIGCONT))

    def go_on(self, *pids):
        for pid in pids:
            os.kill(pid, signal.SIGCONT)

    def test_a_late_output_of_a_worker_that_was_stopped_is_refused(self):
        self.begin(workers=2)
        job = self.here.submit_one_hold()
        old = self.wait_for_start(job, 1)[0]
        worker = self.here.placements(job)[0]
        agent = self.here.workers[worker].pid
        self.stop(agent)  # its runner computes on
        number, _ = self.wait_for_new_attempt(job)
        self.assertNotEqual(self.here.placements(job)[0], worker)
        self.finish(1)
        wait_for(lambda: not lives(old), "the old attempt to write its output", PATIENCE_SECONDS)
        self.go_on(agent)
        self.wait_until_heard(worker)
        self.expect_refused(job, number)
        self.expect_one_output(job, number)

    def test_a_late_checkpoint_of_a_worker_that_was_stopped_is_refused_and_its_process_ends(self):
        self.begin(workers=2)
        job = self.here.submit_one_hold()
        old = self.wait_for_start(job, 1)[0]
        worker = self.here.placements(job)[0]
        agent = self.here.workers[worker].pid
        self.stop(agent, old)
        number, _ = self.wait_for_new_attempt(job)
        self.assertTrue(lives(old))
        self.go_on(agent, old)  # now it is told to leave, and leaves a checkpoint
        self.wait_until_gone([old])
        self.wait_until_heard(worker)
        self.assertEqual(self.expect_refused(job, number).get("checkpoints", []), [])
        self.expect_one_output(job, number)

    def test_a_gang_leaves_its_stopped_rank_behind(self):
        self.begin(workers=3)
        job = self.here.submit_hold(ranks=2, cpus=3)  # two do not fit on one worker
        old = self.wait_for_start(job, 1, ranks=2)
        worker = self.here.placements(job)[1]
        agent = self.here.workers[worker].pid
        self.stop(agent)
        number, _ = self.wait_for_new_attempt(job, ranks=2)
        self.assertNotIn(worker, self.here.placements(job).values())
        self.assertFalse(lives(old[0]), "a gang started while a rank of the old one ran on a live worker")
        self.go_on(agent)
        self.wait_until_gone(old.values())
        self.expect_refused(job, number)
        self.expect_one_output(job, number)


@unittest.skipUnless(os.environ.get("BONSAI_NAMESPACES"), "network namespaces cannot be made here")
class PartitionedWorkerTest(FaultTest):

    def link(self, *words):
        subprocess.run(["ip", "link", "set", *words], check=True)

    def inside(self):
        return ["nsenter", "--net=/proc/%d/ns/net" % self.holder.pid]

    def make_other_namespace(self):
        """A link from this namespace to another one, which lives as long as a process that sleeps there."""
        self.holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        self.addCleanup(lambda: (self.holder.kill(), self.holder.wait()))
        own = os.readlink("/proc/self/ns/net")
        wait_for(lambda: os.readlink("/proc/%d/ns/net" % self.holder.pid) != own, "the namespace")
        subprocess.run(["ip", "link", "add", "here", "type", "veth", "peer", "name", "there", "netns", str(self.holder.pid)], check=True)
        for prefix, device, address in (([], "here", HERE_ADDRESS), (self.inside(), "there", THERE_ADDRESS)):
            for command in ("ip link set lo up", "ip addr del 127.0.0.1/8 dev lo", "ip addr add 127.0.0.1/32 dev lo",
                            "sysctl -qw net.ipv4.conf.all.route_localnet=1", "ip addr add %s/30 dev %s" % (address, device),
                            "ip link set %s up" % device):
                subprocess.run([*prefix, *command.split()], check=command != "ip addr del 127.0.0.1/8 dev lo")

    def test_a_worker_that_was_cut_off_is_fenced(self):
        self.make_other_namespace()
        self.begin(workers=0, host=HERE_ADDRESS)
        self.here.start_worker("away", self.inside())
        self.here.wait_for_workers()
        job = self.here.submit_one_hold()
        old = self.wait_for_start(job, 1)[0]
        self.link("here", "down")
        self.wait_until_silent("away")
        self.here.start_worker("near")
        number, _ = self.wait_for_new_attempt(job)
        self.assertEqual(self.here.placements(job)[0], "near")
        self.assertTrue(lives(old), "a worker that is cut off computes on")
        self.link("here", "up")
        self.wait_until_gone([old])
        self.wait_until_heard("away")
        self.expect_refused(job, number)
        self.expect_one_output(job, number)


def enter_namespaces():
    """Starts this program again where it may make network namespaces; returns where it may not."""
    unshare = ["unshare", "--map-root-user", "--net"]
    probe = "ip link add x type veth peer name y && sysctl -qw net.ipv4.conf.all.route_localnet=1 && unshare --net true"
    if subprocess.run([*unshare, "sh", "-c", probe], capture_output=True).returncode != 0:
        return
    os.environ["BONSAI_NAMESPACES"] = "1"
    os.execvp("unshare", [*unshare, "sh", "-c", 'ip link set lo up; exec "$@"', "sh", sys.executable, *sys.argv])


if __name__ == "__main__":
    if not os.environ.get("BONSAI_NAMESPACES"):
        enter_namespaces()
    end_to_end.main()
