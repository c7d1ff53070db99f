"""Times PyTorch's training step of the shapes that check_gpu --bench times: eager and torch.compile, bfloat16.

The same model (Llama: RMSNorm, rotary positions, SwiGLU, tied embeddings), the same batch, flash attention through
scaled_dot_product_attention, autocast to bfloat16 with f32 master weights, fused AdamW with clipping.

Usage: torch_bench.py [--steps=20] [--warm-up=5]
"""
import argparse
import statistics
import time

import torch
import torch.nn.functional as F
from torch import nn

PEAKS = {"H100": 989e12, "H200": 989e12, "A100": 312e12}  # NVIDIA's dense bfloat16 rates, in FLOP/s
ROWS, POSITIONS, VOCABULARY = 32, 1024, 50304
SHAPES = {"124M": (768, 2048, 12, 12), "350M": (1024, 2816, 24, 16)}  # width, hidden width, layers, heads


class Norm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return F.rms_norm(x, (x.shape[-1],), self.weight.to(x.dtype), 1e-5)


class Layer(nn.Module):
    def __init__(self, width, hidden, heads):
        super().__init__()
        self.heads = heads
        self.attention_norm, self.feed_forward_norm = Norm(width), Norm(width)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.gate_up = nn.Linear(width, 2 * hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)

    def forward(self, x, cosine, sine):
        rows, positions, width = x.shape
        q, k, v = self.qkv(self.attention_norm(x)).view(rows, positions, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        q, k = rotate(q, cosine, sine), rotate(k, cosine, sine)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(y.transpose(1, 2).reshape(rows, positions, width))
        gate, up = self.gate_up(self.feed_forward_norm(x)).chunk(2, dim=-1)
        return x + self.down(F.silu(gate) * up)


def rotate(x, cosine, sine):
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cosine - b * sine, b * cosine + a * sine), dim=-1).to(x.dtype)


class Llama(nn.Module):
    def __init__(self, width, hidden, layers, heads):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, width)
        self.layers = nn.ModuleList(Layer(width, hidden, heads) for _ in range(layers))
        self.norm = Norm(width)
        half = width // heads // 2
        angles = torch.outer(torch.arange(POSITIONS).float(), 10000.0**(-torch.arange(half).float() / half))
        self.register_buffer("cosine", angles.cos())
        self.register_buffer("sine", angles.sin())
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, std=0.02)

    def forward(self, tokens, targets):
        x = self.embedding(tokens)
        for layer in self.layers:
            x = layer(x, self.cosine, self.sine)
        logits = F.linear(self.norm(x), self.embedding.weight)
        return F.cross_entropy(logits.view(-1, VOCABULARY), targets.view(-1))


def time_steps(name, shape, compiled, steps, warm_up):
    torch.manual_seed(1)
    model = Llama(*shape).cuda()
    count = sum(p.numel() for p in model.parameters())
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
    run = torch.compile(model) if compiled else model
    tokens = torch.randint(VOCABULARY, (ROWS, POSITIONS), device="cuda")
    targets = tokens.roll(-1)
    seconds = []
    for step in range(warm_up + steps):
        torch.cuda.synchronize()
        begin = time.perf_counter()
        with torch.autocast("cuda", dtype=torch.bfloat16):
            loss = run(tokens, targets)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        torch.cuda.synchronize()
        if step >= warm_up:
            seconds.append(time.perf_counter() - begin)
    median, positions = statistics.median(seconds), ROWS * POSITIONS
    flops = 6 * count + 12 * shape[2] * shape[0] * POSITIONS
    card = torch.cuda.get_device_name()
    peak = next((rate for key, rate in PEAKS.items() if key in card), None)
    share = "MFU %5.1f %%" % (100 * flops * positions / median / peak) if peak else "MFU unknown"
    print("%-24s torch %-9s %9.0f tokens/s  %6.2f ms/step  %s  (best %.2f ms, loss %.3f)" %
          ("%s, %d x %d" % (name, ROWS, POSITIONS), "compile" if compiled else "eager", positions / median,
           median * 1e3, share, min(seconds) * 1e3, loss.item()), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--warm-up", type=int, default=5)
    arguments = parser.parse_args()
    print("torch %s, %s" % (torch.__version__, torch.cuda.get_device_name()))
    torch.set_float32_matmul_precision("high")
    for name, shape in SHAPES.items():
        for compiled in (False, True):
            time_steps(name, shape, compiled, arguments.steps, arguments.warm_up)
            torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
