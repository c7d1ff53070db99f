#!/usr/bin/python3
"""The main job in miniature: generated stories in, a leaderboard row out, through every job kind and real processes."""
import hashlib
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import cluster

HERE = pathlib.Path(__file__).resolve().parent


class MainJobTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.stories = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        cluster.generate_stories(cls.stories.name)
        cls.here = cluster.Cluster()
        cls.here.start()
        cls.pipeline = cls.here.submit((HERE / "tiny.textproto").read_text(), data=cls.stories.name, steps=30)
        cls.row_job = cls.here.wait_for_state(cls.pipeline, "row", "DONE")

    @classmethod
    def tearDownClass(cls):
        cls.here.stop()
        cls.stories.cleanup()

    def test_every_job_is_done_at_its_first_attempt(self):
        for name, status in self.here.jobs(self.pipeline).items():
            self.assertEqual(status["job"]["state"], "DONE", name)
            self.assertEqual(len(status["job"]["attempts"]), 1, "%s: %s" % (name, status["job"]))

    def test_the_row_holds_what_was_measured_and_says_what_was_not(self):
        rows = self.here.json("leaderboard")["rows"]
        self.assertEqual([row["name"] for row in rows], ["tiny"])
        row = rows[0]
        metrics = {(s["suite"], m["name"]): m for s in row["suites"] for m in s["metrics"]}
        self.assertGreater(metrics["bits_per_byte", "bits_per_byte"]["value"], 0.5)
        self.assertGreater(metrics["bits_per_byte", "bits_per_byte"]["floor"], 0.1)
        self.assertGreaterEqual(metrics["commonsenseqa", "acc"]["value"], 0)
        benchmarks = {b["target"]: b for b in row["benchmarks"]}
        self.assertEqual(set(benchmarks), {"host", "android-arm64", "duo-64m"})
        self.assertGreater(benchmarks["host"]["decodeTokensPerSecond"]["median"], 0)
        self.assertGreater(int(benchmarks["host"]["peakMemoryBytes"]), 0)
        for target in ("android-arm64", "duo-64m"):
            self.assertTrue(benchmarks[target]["emulated"])
            self.assertNotIn("decodeTokensPerSecond", benchmarks[target])
            self.assertTrue(any("decode" in line for line in benchmarks[target]["notMeasured"]))
        for target, benchmark in benchmarks.items():
            self.assertTrue(benchmark["outputMatchesReference"], "%s: %s" % (target, benchmark["outputComparison"]))
        self.assertEqual(row["datasets"], ["bonsai-stories"])
        self.assertTrue(all(rule["passed"] for rule in row["rules"]), row["rules"])

    def test_the_row_leads_back_to_every_input_file(self):
        shown = self.here.json("artifacts", "show", self.row_job["outputId"], "--lineage")
        sources = {source["sha256"]: source for node in shown["lineage"]
                   for source in node["manifest"]["lineage"].get("sources", [])}
        folder = pathlib.Path(self.stories.name)
        for path in [*folder.glob("c4/*.json.gz"), folder / "alpaca" / "alpaca_data.json",
                     folder / "eval" / "commonsenseqa" / "dev_rand_split.jsonl"]:
            source = sources[hashlib.sha256(path.read_bytes()).hexdigest()]
            self.assertEqual((source["file"], source["licence"]), (path.name, "Apache-2.0"))

    def test_the_pages_show_the_row_its_lineage_and_the_curve(self):
        self.assertIn(self.row_job["outputId"], self.here.page("/?track=open"))
        submission = self.here.page("/submissions/" + self.row_job["outputId"])
        for path in pathlib.Path(self.stories.name).glob("c4/c4-train.*.json.gz"):
            self.assertIn(path.name, submission)
        samples = json.loads(self.here.page("/api/v1/jobs/%s/pretrain/samples.json" % self.pipeline))
        self.assertEqual(samples[-1]["step"], 30)
        self.assertGreater(samples[0]["loss"], samples[-1]["loss"])
        self.assertEqual({device["target"] for device in json.loads(self.here.page("/api/v1/devices"))},
                         {"host", "android-arm64", "duo-64m"})
        self.assertIn("font-variant-numeric", self.here.page("/static/style.css"))

    def test_a_pulled_model_and_its_bundle_say_the_same(self):
        model, bundle = self.here.folder / "model", self.here.folder / "bundle"
        for job, out in (("export", model), ("build_host", bundle)):
            done = self.here.run("pull", "%s/%s" % (self.pipeline, job), "--out", str(out))
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue({"config.json", "model.safetensors", "tokenizer.model", "model.bin", "tokenizer.bin"}
                        <= {path.name for path in model.iterdir()})
        said = set()
        for command in ([str(cluster.install_tree() / "bin" / "bonsai-engine"), "generate", "--model", str(model)],
                        [str(bundle / "bonsai-bundle"), "generate"]):
            # The bundle needs nothing beside itself: no folder, no environment.
            done = subprocess.run([*command, "--prompt", "Once there was", "--tokens", "16"], capture_output=True,
                                  text=True, cwd="/", env={})
            self.assertEqual(done.returncode, 0, done.stderr)
            said.add(done.stdout)
        self.assertEqual(len(said), 1, said)
        self.assertGreaterEqual(len(said.pop().strip()), 8)

    def test_a_model_with_forbidden_data_cannot_be_entered(self):
        done = self.here.run("submit", str(self.here.folder / "pipeline.textproto"), "--set", "data=" + self.stories.name,
                             "--set", "track=from_scratch", "--dry-run")
        self.assertEqual(done.returncode, 1)
        self.assertIn("bonsai-stories", done.stderr)
        self.assertIn("from_scratch", done.stderr)


if __name__ == "__main__":
    cluster.main()
