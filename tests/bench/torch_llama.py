#!/usr/bin/python3
"""A Llama in plain PyTorch, the peer of worker/train: its speed, and the losses that our trainer must reproduce.

    torch_llama.py speed [--dim 288 --layers 6 --heads 6 --hidden 768 --vocab 32000 --positions 256 --rows 8]
                         [--threads 2] [--dtype f32|bf16] [--seconds 20]
    torch_llama.py parity [--dtype f32|bf16]

`speed` trains on random tokens and prints JSON: tokens/s of each step, of wall and of processor time. `parity` prints the
losses of ten steps of a small model whose weights and tokens come from counters, as in worker/train/torch_parity_test.cc.
Set ATEN_CPU_CAPABILITY=avx512 for PyTorch 1.13's fastest kernels; it chooses AVX2 by itself.
"""
import argparse
import json
import os
import time

import numpy
import torch
import torch.nn.functional as F


def random_bits(key, count):
    """worker/train/random_bits.h, for counters 0 .. count - 1."""
    def mix(z):
        z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xbf58476d1ce4e5b9)
        z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94d049bb133111eb)
        return z ^ (z >> numpy.uint64(31))
    with numpy.errstate(over="ignore"):
        golden = numpy.uint64(0x9e3779b97f4a7c15)
        base = mix(numpy.array([key], numpy.uint64) + golden)
        return mix(base + numpy.arange(1, count + 1, dtype=numpy.uint64) * golden)


class Block(torch.nn.Module):
    def __init__(self, shape):
        super().__init__()
        linear = lambda rows, cols: torch.nn.Linear(cols, rows, bias=False)
        dim, self.head_dim = shape.dim, shape.dim // shape.heads
        self.heads, self.kv_heads = shape.heads, shape.kv_heads or shape.heads
        self.attention_norm = torch.nn.Parameter(torch.ones(dim))
        self.query = linear(dim, dim)
        self.key = linear(self.kv_heads * self.head_dim, dim)
        self.value = linear(self.kv_heads * self.head_dim, dim)
        self.attention_out = linear(dim, dim)
        self.feed_forward_norm = torch.nn.Parameter(torch.ones(dim))
        self.gate = linear(shape.hidden, dim)
        self.up = linear(shape.hidden, dim)
        self.down = linear(dim, shape.hidden)

    def forward(self, x, cosine, sine, mask):
        rows, positions, dim = x.shape
        h = norm(x, self.attention_norm)
        split = lambda y, heads: y.view(rows, positions, heads, self.head_dim).transpose(1, 2)
        q = rotate(split(self.query(h), self.heads), cosine, sine)
        k = rotate(split(self.key(h), self.kv_heads), cosine, sine)
        v = split(self.value(h), self.kv_heads)
        if self.kv_heads != self.heads:
            k = k.repeat_interleave(self.heads // self.kv_heads, 1)
            v = v.repeat_interleave(self.heads // self.kv_heads, 1)
        scores = (q @ k.transpose(-2, -1)) * self.head_dim ** -0.5 + mask
        mixed = (F.softmax(scores, -1) @ v).transpose(1, 2).reshape(rows, positions, dim)
        x = x + self.attention_out(mixed)
        h = norm(x, self.feed_forward_norm)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


def norm(x, weight):
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-5) * weight


def rotate(x, cosine, sine):
    a, b = x.chunk(2, -1)
    return x * cosine + torch.cat((-b, a), -1) * sine


class Llama(torch.nn.Module):
    """The embedding is the output projection too."""

    def __init__(self, shape):
        super().__init__()
        self.embedding = torch.nn.Embedding(shape.vocab, shape.dim)
        self.blocks = torch.nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.final_norm = torch.nn.Parameter(torch.ones(shape.dim))
        half = shape.dim // shape.heads // 2
        angle = torch.outer(torch.arange(shape.positions, dtype=torch.float64),
                            10000.0 ** (-torch.arange(half, dtype=torch.float64) / half))
        angle = torch.cat((angle, angle), -1)
        self.cosine, self.sine = angle.cos().float(), angle.sin().float()
        self.mask = torch.full((shape.positions, shape.positions), float("-inf")).triu(1)

    def forward(self, tokens, targets):
        x = self.embedding(tokens)
        for block in self.blocks:
            x = block(x, self.cosine, self.sine, self.mask)
        logits = F.linear(norm(x, self.final_norm), self.embedding.weight)
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def fill(model):
    for index, weight in enumerate(model.parameters_in_order()):
        if weight.dim() < 2:
            continue
        bits = random_bits(1000 + index, weight.numel()) >> numpy.uint64(40)
        values = bits.astype(numpy.float64) / 2 ** 24 * 0.2 - 0.1
        with torch.no_grad():
            weight.copy_(torch.from_numpy(values.astype(numpy.float32)).view_as(weight))


def parameters_in_order(model):
    """As edge_runtime/model lists the tensors."""
    yield model.embedding.weight
    for b in model.blocks:
        yield from (b.attention_norm, b.query.weight, b.key.weight, b.value.weight, b.attention_out.weight,
                    b.feed_forward_norm, b.gate.weight, b.up.weight, b.down.weight)
    yield model.final_norm


Llama.parameters_in_order = parameters_in_order


def optimizer_of(model, rate):
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    others = [p for p in model.parameters() if p.dim() < 2]
    return torch.optim.AdamW([{"params": matrices, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}],
                             lr=rate, betas=(0.9, 0.95), eps=1e-8, foreach=True)


def step(model, optimizer, tokens, targets, dtype):
    optimizer.zero_grad(set_to_none=True)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype == "bf16"):
        loss = model(tokens, targets)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss.item()


def batch_of(key, shape):
    count = shape.rows * (shape.positions + 1)
    ids = (random_bits(key, count) % numpy.uint64(shape.vocab)).astype(numpy.int64)
    ids = torch.from_numpy(ids).view(shape.rows, shape.positions + 1)
    return ids[:, :-1].contiguous(), ids[:, 1:].contiguous()


def speed(shape):
    torch.manual_seed(1)
    model = Llama(shape)
    with torch.no_grad():
        model.embedding.weight.mul_(0.02)
    optimizer = optimizer_of(model, 1e-4)
    tokens, targets = batch_of(1, shape)
    wall, processor = [], []
    end = time.monotonic() + shape.seconds
    while len(wall) < 3 or time.monotonic() < end:
        began = time.monotonic(), time.process_time()
        step(model, optimizer, tokens, targets, shape.dtype)
        wall.append(shape.rows * shape.positions / (time.monotonic() - began[0]))
        processor.append(shape.rows * shape.positions / (time.process_time() - began[1]))
    print(json.dumps({"version": "torch " + torch.__version__, "dtype": shape.dtype, "threads": torch.get_num_threads(),
                      "capability": os.environ.get("ATEN_CPU_CAPABILITY", "default"), "wall": wall[1:],
                      "processor": processor[1:]}))


def parity(shape):
    model = Llama(shape)
    fill(model)
    optimizer = optimizer_of(model, 1e-3)
    for number in range(10):
        tokens, targets = batch_of(100 + number, shape)
        print("%.8f," % step(model, optimizer, tokens, targets, shape.dtype))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("speed", "parity"))
    for name, value in (("dim", 288), ("layers", 6), ("heads", 6), ("kv-heads", 0), ("hidden", 768), ("vocab", 32000),
                        ("positions", 256), ("rows", 8), ("threads", 2), ("seconds", 20)):
        parser.add_argument("--" + name, type=int, default=value)
    parser.add_argument("--dtype", choices=("f32", "bf16"), default="f32")
    shape = parser.parse_args()
    torch.set_num_threads(shape.threads)
    if shape.what == "speed":
        return speed(shape)
    shape.dim, shape.layers, shape.heads, shape.kv_heads, shape.hidden = 32, 2, 4, 2, 48
    shape.vocab, shape.positions, shape.rows = 61, 24, 3
    return parity(shape)


if __name__ == "__main__":
    main()
