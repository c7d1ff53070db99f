#!/usr/bin/python3
"""What a crash may cost: time, and nothing else. Real processes, killed with signal 9 at bad moments."""
import json
import os
import pathlib
import signal
import tempfile
import unittest

import cluster

HERE = pathlib.Path(__file__).resolve().parent

# Long enough that a test can strike in the middle; short enough to end.
STEPS = 400


def training_only(text):
    """The tiny pipeline up to and including the job "pretrain"."""
    return text[:text.index('jobs {\n  name: "sft"')]


class CrashTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.stories = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        cluster.generate_stories(cls.stories.name)
        cls.pipeline = training_only((HERE / "tiny.textproto").read_text())

    @classmethod
    def tearDownClass(cls):
        cls.stories.cleanup()

    def submit(self, here, steps=STEPS, ranks=1):
        return here.submit(self.pipeline, data=self.stories.name, steps=steps, ranks=ranks)

    def attempts_never_overlap(self, job):
        ended = 0
        for attempt in job["attempts"]:
            self.assertGreaterEqual(int(attempt["startedUnixMs"]), ended, job)
            ended = int(attempt.get("endedUnixMs", 0))

    def test_resumes_bit_for_bit_after_a_runner_was_killed(self):
        with cluster.Cluster() as here:
            whole = self.submit(here)
            here.wait_for_state(whole, "pretrain", "DONE")
            broken = self.submit(here)
            here.wait_for_step(broken, "pretrain", 25)
            for pid in here.pids("bonsai-run-pretrain"):
                os.kill(pid, signal.SIGKILL)
            job = here.wait_for_state(broken, "pretrain", "DONE")
            self.assertEqual(len(job["attempts"]), 2)
            self.assertIn("signal 9", job["attempts"][0]["reason"])
            self.attempts_never_overlap(job)
            expected = here.samples(whole, "pretrain", 1, "loss")
            resumed = here.samples(broken, "pretrain", 2, "loss")
            self.assertGreater(min(resumed), 10, "it did not resume from a checkpoint")
            self.assertIn(STEPS, resumed)
            self.assertEqual(resumed, {step: expected[step] for step in resumed})
            weights = [[f["blob"]["sha256"] for f in here.json("artifacts", "show", "%s/pretrain" % p)["manifest"]["files"]
                        if f["path"] == "model.safetensors"] for p in (whole, broken)]
            self.assertEqual(weights[0], weights[1])

    def test_falls_back_when_the_newest_checkpoint_is_truncated(self):
        with cluster.Cluster() as here:
            pipeline = self.submit(here)
            cluster.wait_for(lambda: len(here.job(pipeline, "pretrain").get("checkpoints", [])) >= 2, "two checkpoints")
            for pid in here.pids("bonsai-run-pretrain"):
                os.kill(pid, signal.SIGSTOP)
            newest = here.job(pipeline, "pretrain")["checkpoints"][0]
            blobs = here.folder / "cluster" / "storage" / "blobs"
            manifest_path = blobs / newest["manifestId"][:2] / newest["manifestId"]
            digests = [p for p in blobs.glob("*/*") if p.name.encode() in manifest_path.read_bytes()]
            largest = max(digests, key=lambda p: p.stat().st_size)
            os.chmod(largest, 0o644)
            with open(largest, "r+b") as file:
                file.truncate(largest.stat().st_size // 2)
            for pid in here.pids("bonsai-run-pretrain"):
                os.kill(pid, signal.SIGKILL)
            job = here.wait_for_state(pipeline, "pretrain", "DONE")
            resumed = here.samples(pipeline, "pretrain", len(job["attempts"]), "loss")
            self.assertLessEqual(min(resumed), int(newest["step"]))
            log = here.run("logs", "%s/pretrain" % pipeline, "--attempt", str(len(job["attempts"]))).stdout
            self.assertIn(largest.name[:8], log)

    def test_finishes_after_a_worker_was_killed(self):
        with cluster.Cluster() as here:
            pipeline = self.submit(here, ranks=2)
            here.wait_for_step(pipeline, "pretrain", 15)
            runners = here.pids("bonsai-run-pretrain")
            for pid in here.pids("bonsai-worker"):
                os.kill(pid, signal.SIGKILL)
            cluster.wait_for(lambda: not any(os.path.exists("/proc/%d" % pid) for pid in runners),
                             "the runners to end with their agent")
            job = here.wait_for_state(pipeline, "pretrain", "DONE")
            self.assertEqual(job["attempts"][0]["outcome"], "LOST")
            self.attempts_never_overlap(job)

    def test_loses_nothing_when_the_coordinator_is_killed(self):
        with cluster.Cluster() as here:
            pipelines = [self.submit(here, ranks=2)]
            here.wait_for_step(pipelines[0], "pretrain", 5)
            runners = set(here.pids("bonsai-run-pretrain"))
            for _ in range(5):
                for pid in here.pids("bonsai-coordinator"):
                    os.kill(pid, signal.SIGKILL)
                cluster.wait_for(lambda: here.jobs(pipelines[0]), "the coordinator to be back")
                pipelines.append(self.submit(here, steps=20))
            self.assertEqual(len(set(pipelines)), len(pipelines))
            self.assertTrue(runners, "pretrain was not running")
            for pipeline in pipelines:
                job = here.wait_for_state(pipeline, "pretrain", "DONE")
                self.assertEqual(len(job["attempts"]), 1, "a running job was started again: %s" % job)

    def test_cancel_leaves_no_process_behind(self):
        with cluster.Cluster() as here:
            pipeline = self.submit(here, steps=100000)
            here.wait_for_step(pipeline, "pretrain", 5)
            here.json("cancel", pipeline)
            job = here.wait_for_state(pipeline, "pretrain", "CANCELLED")
            cluster.wait_for(lambda: not here.pids("bonsai-run-pretrain"), "the runners to end", 30)
            self.assertNotIn("outputId", job)

    def test_ctrl_c_leaves_no_process_behind(self):
        with cluster.Cluster() as here:
            pipeline = self.submit(here, steps=100000)
            here.wait_for_step(pipeline, "pretrain", 5)
            everyone = cluster.processes_below(here.process.pid)
            self.assertGreaterEqual(len(everyone), 3)
            here.stop()
            self.assertEqual(here.process.returncode, 0)
            left = [command for pid, command in everyone.items() if os.path.exists("/proc/%d" % pid)]
            self.assertEqual(left, [])
            here.start()
            cluster.wait_for(lambda: here.job(pipeline, "pretrain").get("state") == "RUNNING", "it to run again")
            here.json("cancel", pipeline)


if __name__ == "__main__":
    cluster.main()
