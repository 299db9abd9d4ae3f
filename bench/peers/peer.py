#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One peer as a process of its own: peer.py WORK VARIANT.

  peer.py small eager-loop-fp32         a training step of model.py's 'small'
  peer.py gemm:4096x256x768 torch-fp32  y = x w^T, tokens x in x out
  peer.py adamw:8388608 fused           one update of that many parameters

It warms up, writes a line of JSON, and then answers each line on standard input that holds a number
with a line of JSON: the seconds of so many runs of the work, and the peak of resident memory. So a
caller can take turns between several of them without paying for their start again."""
import contextlib
import json
import sys
import time

import torch

most_warm_up_seconds = 60  # but three runs at least


def resident(field="VmHWM"):
    with open("/proc/self/status") as status:
        return next(1024 * int(line.split()[1]) for line in status if line.startswith(field))


class Step:
    """A training step. Variants: HOW-EXPERTS-PRECISION with
      HOW        eager, compiled, huggingface
      EXPERTS    loop, grouped, padded; for huggingface: eager, batched_mm, grouped_mm
      PRECISION  fp32; autocast (BF16 by torch.autocast); bf16 (everything, with an FP32 master)"""

    def __init__(self, name, variant):
        import model
        how, experts, self.precision = variant.split("-")
        self.shape = model.shapes[name]
        self.batch, self.warm_up = self.shape.batch, 5
        torch.manual_seed(1)
        make = model.HuggingFace if how == "huggingface" else model.Model
        self.model = make(self.shape, experts)
        self.master = list(self.model.parameters())
        self.parameters = sum(p.numel() for p in self.master)
        if self.precision == "bf16":
            self.master = [p.detach().clone() for p in self.master]
            self.model = self.model.bfloat16()
        matrices = [p for p in self.master if p.ndim > 1]
        vectors = [p for p in self.master if p.ndim < 2]
        self.optimizer = torch.optim.AdamW(
            [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}],
            lr=1e-4, betas=(0.9, 0.95), eps=1e-8, fused=True)
        compiled = how == "compiled"
        self.loss = model.compiled(self.model, self.precision) if compiled else self.model
        self.optimizer_seconds, self.busy_seconds = [], []

    def tokens(self):
        s = self.shape
        window = torch.randint(s.vocabulary, (s.batch // s.context, s.context + 1))
        return window[:, :-1].contiguous(), window[:, 1:].contiguous()

    def run(self):
        tokens, following = self.tokens()
        used, begin = time.process_time(), time.perf_counter()
        autocast = (torch.autocast("cpu", torch.bfloat16) if self.precision == "autocast"
                    else contextlib.nullcontext())
        with autocast:
            loss = self.loss(tokens, following)
        loss.backward()
        middle = time.perf_counter()
        if self.precision == "bf16":
            for master, p in zip(self.master, self.model.parameters()):
                master.grad = p.grad.float()
                p.grad = None
        torch.nn.utils.clip_grad_norm_(self.master, 1.0, foreach=True)
        self.optimizer.step()
        if self.precision == "bf16":
            with torch.no_grad():
                torch._foreach_copy_(list(self.model.parameters()), self.master)
        self.optimizer.zero_grad()
        end = time.perf_counter()
        self.busy_seconds.append((time.process_time() - used) / torch.get_num_threads())
        self.last_loss = float(loss.detach())
        self.optimizer_seconds.append(end - middle)
        return end - begin

    def about(self):
        about = {"loss": self.last_loss, "optimizer_seconds": self.optimizer_seconds,
                 "busy_seconds": self.busy_seconds, "parameters": self.parameters}
        self.optimizer_seconds, self.busy_seconds = [], []
        return about


class Gemm:
    """y = x w^T. torch: mm, which is MKL in FP32 and oneDNN in BF16. onednn: with the weight in
    oneDNN's own order, made before. openblas: through numpy, whose wheel brings it."""

    def __init__(self, sizes, variant):
        tokens, inputs, outputs = (int(size) for size in sizes.split("x"))
        self.flop, self.warm_up = 2.0 * tokens * inputs * outputs, 5
        library, precision = variant.split("-")
        dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]
        x, w = torch.randn(tokens, inputs, dtype=dtype), torch.randn(outputs, inputs, dtype=dtype)
        y = torch.empty(tokens, outputs, dtype=dtype)
        if library == "openblas":
            import numpy
            x, w, y = x.numpy(), w.numpy(), y.numpy()
            self.call = lambda: numpy.matmul(x, w.T, out=y)
        elif library == "onednn":
            packed = torch.ops.mkldnn._reorder_linear_weight(w, tokens)
            self.call = lambda: torch.ops.mkldnn._linear_pointwise(x, packed, None, "none", [], "")
        else:
            self.call = lambda: torch.mm(x, w.t(), out=y)

    def run(self):
        begin = time.perf_counter()
        with torch.no_grad():
            self.call()
        return time.perf_counter() - begin

    def about(self):
        return {"flop": self.flop}


class AdamW:
    def __init__(self, count, variant):
        self.warm_up = 3
        p = torch.nn.Parameter(torch.randn(int(count)))
        p.grad = torch.randn_like(p)
        self.optimizer = torch.optim.AdamW([p], lr=1e-4, weight_decay=0.1, **{variant: True})

    def run(self):
        begin = time.perf_counter()
        self.optimizer.step()
        return time.perf_counter() - begin

    def about(self):
        return {}


def make(work, variant):
    kind, _, sizes = work.partition(":")
    if kind == "gemm":
        return Gemm(sizes, variant)
    return AdamW(sizes, variant) if kind == "adamw" else Step(work, variant)


def main():
    work, variant = sys.argv[1:]
    torch.set_num_threads(2)
    before = resident("VmRSS")
    peer = make(work, variant)
    begin, warm = time.perf_counter(), 0
    while warm < 3 or (warm < peer.warm_up and time.perf_counter() - begin < most_warm_up_seconds):
        peer.run()
        warm += 1
    peer.about()

    def say(**fields):
        print(json.dumps(fields), flush=True)

    say(warm_up_steps=warm, warm_up_seconds=time.perf_counter() - begin, resident_before=before,
        torch=torch.__version__)
    for line in sys.stdin:
        say(seconds=[peer.run() for _ in range(int(line))], resident=resident(), **peer.about())


if __name__ == "__main__":
    main()
