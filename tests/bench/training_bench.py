#!/usr/bin/python3
"""A training step on the CPU beside PyTorch's and llm.c's, on one machine in one run.

    bazel run //tests/bench:training_bench -- [--pairs 7] [--threads 2] [--seconds 10] [--dtypes f32,bf16]
                                              [--torch PYTHON] [--llmc TRAIN_GPT2 --llmc-tokens 256]

The shape is a Llama of 15M parameters (width 288, 6 layers, 32,000 pieces, 8 rows of 256). PYTHON is a Python with torch
(torch_llama.py runs in it, in f32 and in bf16 autocast); TRAIN_GPT2 is llm.c's CPU trainer, which trains a GPT-2 of the same
size on random tokens, --llmc-tokens (its B times T) in each step. The programs take turns; prints the median of each, and the
median of the ratios of neighbours. Without a peer it says so and measures Bonsai alone. The GPU has a benchmark of its own,
worker/train/cuda/check_gpu.sh, which has not run on a GPU yet.
"""
import argparse
import array
import json
import os
import pathlib
import random
import re
import statistics
import struct
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SHAPE = ["--dim=288", "--layers=6", "--heads=6", "--hidden=768", "--vocab=32000", "--positions=256", "--rows=8"]


def output_of(command, environment=None, folder=None):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, cwd=folder, timeout=3600,
                          env=dict(os.environ, **(environment or {})))
    if done.returncode != 0:
        raise RuntimeError("%s: %s" % (" ".join(map(str, command)), done.stderr[-800:]))
    return done.stdout


class Bonsai:
    def __init__(self, arguments):
        self.command = [HERE.parents[1] / "worker/train/bench", *SHAPE, "--kv-heads=6", "--threads=%d" % arguments.threads,
                        "--seconds=%d" % arguments.seconds]
        self.name = "bonsai f32"

    def tokens_per_second(self):
        text = output_of(self.command)
        return float(re.search(r"wall: .*median (\d+)", text).group(1))


class Torch:
    def __init__(self, arguments, dtype):
        self.command = [arguments.torch, HERE / "torch_llama.py", "speed", *SHAPE, "--threads", arguments.threads,
                        "--seconds", arguments.seconds, "--dtype", dtype]
        # Its fastest kernels, and an allocator that keeps large blocks instead of giving them back after every step.
        self.environment = {"ATEN_CPU_CAPABILITY": "avx512", "MALLOC_MMAP_THRESHOLD_": "4294967296",
                            "MALLOC_TRIM_THRESHOLD_": "4294967296", "MALLOC_TOP_PAD_": "268435456"}
        self.name = "torch " + dtype

    def tokens_per_second(self):
        result = json.loads(output_of(self.command, self.environment))
        self.name = "%s %s" % (result["version"], result["dtype"])
        return statistics.median(result["wall"])


class LlmC:
    name = "llm.c"

    def __init__(self, arguments, folder):
        self.program = pathlib.Path(arguments.llmc).resolve()
        self.tokens = arguments.llmc_tokens
        self.threads = arguments.threads
        self.folder = folder
        write_gpt2(folder / "gpt2_124M.bin", positions=256, vocab=32000, layers=6, heads=6, width=288)
        data = folder / "dev/data/tinyshakespeare"
        data.mkdir(parents=True)
        for split in ("train", "val"):
            write_tokens(data / ("tiny_shakespeare_%s.bin" % split), count=200_000, vocab=32000)

    def tokens_per_second(self):
        text = output_of([self.program], {"OMP_NUM_THREADS": str(self.threads)}, self.folder)
        milliseconds = [float(took) for took in re.findall(r"took ([\d.]+) ms", text)]
        return self.tokens / statistics.median(milliseconds) * 1e3


def write_gpt2(path, positions, vocab, layers, heads, width):
    """llm.c's checkpoint, version 3: a header of 256 numbers, then float32 tensors, here small random numbers."""
    with open(path, "wb") as file:
        header = [20240326, 3, positions, vocab, layers, heads, width, vocab]
        file.write(struct.pack("<256i", *(header + [0] * (256 - len(header)))))
        count = (vocab + positions) * width + layers * (12 * width * width + 13 * width) + 2 * width
        generator = random.Random(1)
        file.write(array.array("f", (generator.uniform(-0.03, 0.03) for _ in range(count))).tobytes())


def write_tokens(path, count, vocab):
    generator = random.Random(2)
    with open(path, "wb") as file:
        file.write(struct.pack("<256i", 20240520, 1, count, *([0] * 253)))
        file.write(array.array("H", (generator.randrange(vocab) for _ in range(count))).tobytes())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--dtypes", default="f32,bf16")
    parser.add_argument("--torch")
    parser.add_argument("--llmc")
    parser.add_argument("--llmc-tokens", type=int, default=256)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        peers = [Torch(arguments, dtype) for dtype in arguments.dtypes.split(",")] if arguments.torch else []
        if arguments.llmc:
            peers.append(LlmC(arguments, pathlib.Path(folder)))
        if not peers:
            print("no peer is given (--torch, --llmc): Bonsai alone")
        bonsai = Bonsai(arguments)
        own, theirs, ratios = [], [[] for _ in peers], [[] for _ in peers]
        for _ in range(arguments.pairs):
            own.append(bonsai.tokens_per_second())
            for i, peer in enumerate(peers):
                theirs[i].append(peer.tokens_per_second())
                ratios[i].append(own[-1] / theirs[i][-1])
        print("%-20s %8.0f tokens/s" % (bonsai.name, statistics.median(own)))
        for peer, speeds, quotients in zip(peers, theirs, ratios):
            print("%-20s %8.0f tokens/s; Bonsai has %.2f times that (%.2f to %.2f)" % (
                peer.name, statistics.median(speeds), statistics.median(quotients), min(quotients), max(quotients)))


if __name__ == "__main__":
    main()
