#!/usr/bin/python3
"""Bad input gets one clear error that names the place, and leaves nothing behind. One row a mistake."""
import gzip
import json
import os
import pathlib
import re
import struct
import subprocess
import tempfile
import unittest

import cluster

HERE = pathlib.Path(__file__).resolve().parent

# A pipeline that is right, to be spoilt by one replacement a row.
GOOD = """
name: "good"
jobs { name: "corpus" data { sources { dataset: "bonsai-stories" format: C4_JSON_GZ paths: "${data}/c4/*.json.gz" } } }
jobs { name: "tokenizer" tokenizer { corpus: "@corpus" vocab_size: 512 } }
jobs { name: "pack" pack { corpus: "@corpus" tokenizer: "@tokenizer" } }
jobs {
  name: "pretrain"
  resources { ranks: 2 }
  pretrain {
    tokens: "@pack" tokenizer: "@tokenizer"
    model { dim: 32 layers: 2 heads: 4 kv_heads: 2 hidden_dim: 64 max_seq_len: 64 }
    optimizer { learning_rate: 0.003 }
    schedule { shape: WSD warmup_steps: 5 decay_steps: 10 }
    steps: 30 batch_sequences: 4
  }
}
jobs { name: "build" build { model: "@pretrain" target: "host" } }
jobs { name: "bench" benchmark { bundle: "@build" target: "host" prompt: "Once" decode_tokens: 8 runs: 2 } }
"""

# (what is wrong, text to replace, by what, what the error must say)
REFUSED_AT_SUBMIT = [
    ("unknown field", "vocab_size: 512", "vocabulary: 512", r"pipeline\.textproto:4:\d+.*vocabulary"),
    ("a value of the wrong type", "vocab_size: 512", 'vocab_size: "many"', r"pipeline\.textproto:4"),
    ("an unclosed brace", 'jobs { name: "bench"', 'jobs { { name: "bench"', r"pipeline\.textproto:\d+"),
    ("a variable without a value", "${data}", "${daat}", r"daat"),
    ("no such job", 'tokens: "@pack"', 'tokens: "@packed"', r"pretrain.*tokens.*@packed"),
    ("a reference to itself", 'corpus: "@corpus" vocab', 'corpus: "@tokenizer" vocab', r"tokenizer"),
    ("a cycle", 'pack { corpus: "@corpus" tokenizer: "@tokenizer" }', 'build { model: "@bench" target: "host" }', r"bench|pack"),
    ("the wrong kind of input", 'tokens: "@pack"', 'tokens: "@corpus"', r"pretrain\.tokens.*corpus"),
    ("a missing input", 'tokens: "@pack" ', "", r"pretrain\.tokens"),
    ("two jobs of one name", 'name: "bench"', 'name: "build"', r"build"),
    ("a name that is none", 'name: "bench"', 'name: "Bench mark!"', r"Bench mark!"),
    ("a job without a spec", 'pack { corpus: "@corpus" tokenizer: "@tokenizer" }', "", r"pack"),
    ("a vocabulary too large", "vocab_size: 512", "vocab_size: 70000", r"vocab_size.*70000"),
    ("heads that do not divide the width", "heads: 4", "heads: 5", r"heads.*5|dim.*32"),
    ("a batch smaller than its ranks", "batch_sequences: 4", "batch_sequences: 1", r"batch_sequences.*1"),
    ("a sequence longer than the model's", "batch_sequences: 4", "batch_sequences: 4 seq_len: 128", r"seq_len.*128"),
    ("a learning rate that is not a number", "learning_rate: 0.003", "learning_rate: nan", r"learning_rate"),
    ("a learning rate that must diverge", "learning_rate: 0.003", "learning_rate: 1e30", r"learning_rate.*1e\+?30"),
    ("a schedule longer than the run", "warmup_steps: 5", "warmup_steps: 500", r"warmup_steps|decay_steps"),
    ("an unknown target", 'build { model: "@pretrain" target: "host" }', 'build { model: "@pretrain" target: "toaster" }',
     r"toaster.*host"),
    ("a benchmark of another target", 'bundle: "@build" target: "host"', 'bundle: "@build" target: "duo-64m"', r"duo-64m"),
    ("impossible resources", "ranks: 2", "ranks: 1000000", r"ranks.*1000000"),
    ("an artifact that does not exist", 'tokens: "@pack"', 'tokens: "%s"' % ("0" * 64), r"tokens.*0000"),
    ("no data paths", 'paths: "${data}/c4/*.json.gz"', 'home: "${data}"', r"paths"),
]


class BadPipelineTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.here = cluster.Cluster()
        cls.here.start()

    @classmethod
    def tearDownClass(cls):
        cls.here.stop()

    def submit_text(self, text):
        path = self.here.folder / "pipeline.textproto"
        path.write_text(text)
        return self.here.run("submit", str(path), "--set", "data=/nowhere")

    def test_each_is_refused_with_an_error_that_names_the_place(self):
        self.assertEqual(self.here.run("submit", "--dry-run", str(self.write_good()), "--set", "data=/nowhere").returncode, 0)
        for what, old, new, expected in REFUSED_AT_SUBMIT:
            with self.subTest(what):
                self.assertIn(old, GOOD)
                done = self.submit_text(GOOD.replace(old, new, 1))
                self.assertIn(done.returncode, (1, 2), done.stdout)
                self.assertRegex(done.stderr, re.compile(expected, re.DOTALL))
                self.assertLess(len(done.stderr.splitlines()), 8, done.stderr)
        self.assertEqual(self.here.json("jobs").get("jobs", []), [], "something was stored")

    def write_good(self):
        path = self.here.folder / "good.textproto"
        path.write_text(GOOD)
        return path

    def test_a_pipeline_file_that_is_not_there(self):
        done = self.here.run("submit", "/nowhere/x.textproto")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("/nowhere/x.textproto", done.stderr)


class BadFileTest(unittest.TestCase):
    """Files that a job reads. The job fails at its first attempt; its reason names the file and the place in it."""

    @classmethod
    def setUpClass(cls):
        cls.here = cluster.Cluster()
        cls.here.start()
        cls.data = pathlib.Path(tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR")))
        cluster.generate_stories(cls.data, megabytes=0.2)

    @classmethod
    def tearDownClass(cls):
        cls.here.stop()

    def expect_failure(self, job_text, name, expected, **settings):
        pipeline = self.here.submit('name: "bad" ' + job_text, **settings)
        job = self.here.wait_for_state(pipeline, name, "FAILED")
        self.assertRegex(job["reason"], expected)
        self.assertEqual(len(job["attempts"]), 1, "bad input was tried again: %s" % job)
        self.assertNotIn("outputId", job)

    def data_job(self, path, form="C4_JSON_GZ", more=""):
        return 'jobs { name: "corpus" data { sources { dataset: "x" format: %s paths: "%s" %s } } }' % (form, path, more)

    def test_bad_files_are_refused(self):
        good = next((self.data / "c4").glob("c4-train*")).read_bytes()
        flipped = bytearray(good)
        flipped[len(good) // 2] ^= 0xff
        files = [
            ("truncated.json.gz", good[:len(good) // 2], "C4_JSON_GZ", r"truncated\.json\.gz"),
            ("corrupt.json.gz", bytes(flipped), "C4_JSON_GZ", r"corrupt\.json\.gz"),
            ("plain.json.gz", b'{"text": "not compressed"}\n', "C4_JSON_GZ", r"plain\.json\.gz.*gzip"),
            ("broken.json.gz", gzip.compress(b'{"text": "fine"}\n{"text": "cut'), "C4_JSON_GZ", r"broken\.json\.gz.*2"),
            ("keyless.json.gz", gzip.compress(b'{"body": "no text"}\n'), "C4_JSON_GZ", r"keyless\.json\.gz.*text"),
            ("object.json", b'{"instruction": "x"}', "ALPACA_JSON", r"object\.json"),
            ("number.json", b'[{"instruction": 3, "input": "", "output": "x"}]', "ALPACA_JSON", r"number\.json.*instruction"),
            ("empty.json.gz", b"", "C4_JSON_GZ", r"empty\.json\.gz"),
            ("no_answer.jsonl", b'{"id": "1", "question": {"stem": "x"}}\n', "COMMONSENSEQA_JSONL", r"no_answer\.jsonl.*1"),
        ]
        for name, content, form, expected in files:
            with self.subTest(name):
                (self.data / name).write_bytes(content)
                self.expect_failure(self.data_job(self.data / name, form), "corpus", expected)
        with self.subTest("missing file"):
            self.expect_failure(self.data_job("/nowhere/c4.json.gz"), "corpus", r"/nowhere/c4\.json\.gz")
        with self.subTest("wrong hash"):
            path = self.data / "alpaca" / "alpaca_data.json"
            self.expect_failure(self.data_job(path, "ALPACA_JSON", 'sha256: "%s"' % ("ab" * 32)), "corpus", r"sha256|abab")

    def test_a_vocabulary_larger_than_the_text_can_fill(self):
        text = GOOD[:GOOD.index('jobs { name: "pack"')].replace("vocab_size: 512", "vocab_size: 60000")
        pipeline = self.here.submit(text, data=self.data)
        self.assertRegex(self.here.wait_for_state(pipeline, "tokenizer", "FAILED")["reason"], r"60000")


class BadModelFileTest(unittest.TestCase):
    """Files that the engine reads."""

    def engine(self, *arguments):
        return subprocess.run([str(cluster.install_tree() / "bin" / "bonsai-engine"), *arguments], capture_output=True,
                              text=True, timeout=60)

    def folder(self, weights, config=None):
        folder = pathlib.Path(tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR")))
        (folder / "config.json").write_text(config or json.dumps({
            "model_type": "llama", "hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1,
            "num_attention_heads": 2, "vocab_size": 300, "max_position_embeddings": 16, "rms_norm_eps": 1e-5,
            "hidden_act": "silu", "tie_word_embeddings": True}))
        (folder / "model.safetensors").write_bytes(weights)
        return folder

    def test_each_gives_one_line_and_no_crash(self):
        header = json.dumps({"model.norm.weight": {"dtype": "F32", "shape": [8], "data_offsets": [0, 32]}}).encode()
        rows = [
            ("no file at all", None, None, r"model\.safetensors"),
            ("an empty file", b"", None, r"model\.safetensors|safetensors"),
            ("a header longer than the file", struct.pack("<Q", 1 << 40), None, r"header"),
            ("a header that is not JSON", struct.pack("<Q", 4) + b"abcd", None, r"(?i)json|header"),
            ("a tensor beyond the end", struct.pack("<Q", len(header)) + header + b"\0" * 8, None, r"model\.norm\.weight"),
            ("a missing tensor", struct.pack("<Q", len(header)) + header + b"\0" * 32, None, r"embed_tokens"),
            ("a config of another family", b"", '{"model_type": "bert"}', r"bert"),
            ("a config without sizes", b"", '{"model_type": "llama"}', r"hidden_size"),
        ]
        for what, weights, config, expected in rows:
            with self.subTest(what):
                folder = self.folder(weights or b"", config)
                if weights is None:
                    (folder / "model.safetensors").unlink()
                done = self.engine("generate", "--model", str(folder), "--prompt", "x", "--tokens", "4")
                self.assertGreater(done.returncode, 0, "ended by a signal" if done.returncode < 0 else done.stdout)
                self.assertRegex(done.stderr, expected)
                self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)


if __name__ == "__main__":
    cluster.main()
