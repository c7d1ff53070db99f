#!/usr/bin/python3
"""Workers that share no folder with the coordinator: all that they read and write goes over the wire."""
import os
import pathlib
import signal
import subprocess
import tempfile
import unittest

import cluster

HERE = pathlib.Path(__file__).resolve().parent


def training_only(text):
    """The tiny pipeline up to and including the job "pretrain"."""
    return text[:text.index('jobs {\n  name: "sft"')]


class Apart(cluster.Cluster):
    """A coordinator, and workers whose storage folders are their own."""

    def __init__(self, workers=1):
        super().__init__(workers=workers)
        self.daemons = {}

    def start(self):
        self.start_coordinator()
        for number in range(self.workers):
            self.start_worker(number)
        cluster.wait_for(lambda: len(self.try_json("workers").get("workers", [])) == self.workers, "the workers")

    def stop(self):
        for process in self.daemons.values():
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in self.daemons.values():
            process.wait(timeout=60)

    def start_daemon(self, name, program, config):
        path = self.folder / (name + ".config")
        path.write_text(config)
        log = open(self.folder / (name + ".log"), "ab")
        self.daemons[name] = subprocess.Popen([str(cluster.install_tree() / "bin" / program), "--config=%s" % path],
                                              stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def start_coordinator(self):
        self.start_daemon("coordinator", "bonsai-coordinator",
                          'state_dir: "%s/state" storage_dir: "%s/storage" share_dir: "%s" lease_ms: 3000'
                          % (self.folder, self.folder, cluster.install_tree() / "share"))

    def start_worker(self, number):
        tree = cluster.install_tree()
        self.start_daemon("w%d" % number, "bonsai-worker",
                          'worker_id: "w%d" coordinator_address_file: "%s/state/address" work_dir: "%s/work%d"'
                          ' storage_dir: "%s/own%d" runner_dir: "%s/bin" share_dir: "%s/share" cpus: 2'
                          ' memory_bytes: 8000000000 streams_storage: true'
                          % (number, self.folder, self.folder, number, self.folder, number, tree, tree))

    def run(self, *arguments):
        address = self.folder / "state" / "address"
        where = address.read_text().strip() if address.exists() else "127.0.0.1:1"
        return subprocess.run([self.bonsai, "--coordinator", where, *arguments], capture_output=True, text=True,
                              timeout=cluster.DEADLINE_SECONDS, stdin=subprocess.DEVNULL)

    def own_blobs(self, number):
        return list((self.folder / ("own%d" % number) / "blobs").glob("*/*"))


class StreamingTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.stories = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        cluster.generate_stories(cls.stories.name, megabytes=0.2)
        cls.pipeline = training_only((HERE / "tiny.textproto").read_text())

    @classmethod
    def tearDownClass(cls):
        cls.stories.cleanup()

    def submit(self, here, steps=40, ranks=1):
        return here.submit(self.pipeline, data=self.stories.name, steps=steps, ranks=ranks)

    def assert_whole(self, here, job):
        """The output and all its lineage come out of the coordinator, verified."""
        archive = here.folder / (job.replace("/", ".") + ".tar")
        exported = here.run("export", job, "--out", str(archive))
        self.assertEqual(exported.returncode, 0, exported.stderr)

    def test_trains_from_files_to_model_though_nothing_is_shared(self):
        with Apart() as here:
            pipeline = self.submit(here)
            here.wait_for_state(pipeline, "pretrain", "DONE")
            self.assert_whole(here, "%s/pretrain" % pipeline)
            offer = here.json("workers")["workers"][0]
            self.assertTrue(offer["live"])

    def test_a_gang_over_two_workers_meets_over_the_network(self):
        with Apart(workers=2) as here:
            pipeline = self.submit(here, ranks=4)
            job = here.wait_for_state(pipeline, "pretrain", "DONE")
            self.assertEqual(len(job["attempts"]), 1, job)
            self.assertEqual({p["workerId"] for p in job["attempts"][0]["placements"]}, {"w0", "w1"})
            self.assert_whole(here, "%s/pretrain" % pipeline)

    def test_goes_on_after_its_agent_was_killed_and_fetches_what_rotted(self):
        with Apart() as here:
            pipeline = self.submit(here, steps=300)
            cluster.wait_for(lambda: here.job(pipeline, "pretrain").get("checkpoints"), "a checkpoint")
            here.daemons["w0"].kill()
            here.daemons["w0"].wait()
            # Every byte that the worker had is damaged now.
            for blob in here.own_blobs(0):
                os.chmod(blob, 0o644)
                size = blob.stat().st_size
                blob.write_bytes(b"\x55" * size)
            here.start_worker(0)
            job = here.wait_for_state(pipeline, "pretrain", "DONE")
            self.assertEqual(job["attempts"][0]["outcome"], "LOST")
            resumed = here.samples(pipeline, "pretrain", len(job["attempts"]), "loss")
            self.assertGreater(min(resumed), 10, "it did not resume from a checkpoint")
            self.assert_whole(here, "%s/pretrain" % pipeline)

    def test_what_is_exported_is_the_same_elsewhere(self):
        with Apart() as here, Apart() as there:
            pipeline = self.submit(here)
            here.wait_for_state(pipeline, "pretrain", "DONE")
            archive = here.folder / "model.tar"
            self.assertEqual(here.run("export", "%s/pretrain" % pipeline, "--out", str(archive)).returncode, 0)
            imported = there.run("import", str(archive))
            self.assertEqual(imported.returncode, 0, imported.stderr)
            ids = [{a["id"] for a in side.json("artifacts")["artifacts"]} for side in (here, there)]
            model = here.json("artifacts", "show", "%s/pretrain" % pipeline)["record"]["id"]
            self.assertIn(model, ids[1])
            self.assertLessEqual(ids[1], ids[0])
            shown = [side.json("artifacts", "show", model, "--lineage") for side in (here, there)]
            self.assertEqual(shown[0]["manifest"], shown[1]["manifest"])
            self.assertEqual([n["id"] for n in shown[0]["lineage"]], [n["id"] for n in shown[1]["lineage"]])


if __name__ == "__main__":
    cluster.main()
