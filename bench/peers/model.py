# SPDX-License-Identifier: MIT
"""The models of bench/train/step.cpp in torch: pre-norm blocks of causal attention and a mixture of
SwiGLU experts behind a sigmoid top-k router, beside shared experts; no biases, no balance loss.
What a careful user would write: projections that read the same input are one product, attention is
scaled_dot_product_attention, norms are torch's own, rows are sorted by expert once."""
import dataclasses

import torch
from torch import nn
from torch.nn import functional as F


@dataclasses.dataclass(frozen=True)
class Shape:
    layers: int
    hidden: int
    experts: int
    active: int
    shared: int
    intermediate: int = 256
    head_dim: int = 64
    context: int = 256
    vocabulary: int = 256
    batch: int = 4096  # tokens a step

    @property
    def heads(self):
        return self.hidden // self.head_dim


# The names of the cases in bench/train/step.cpp.
shapes = {"small": Shape(layers=4, hidden=256, experts=16, active=2, shared=1),
          "large": Shape(layers=8, hidden=512, experts=64, active=6, shared=2)}


def start(*sizes):
    return nn.Parameter(0.02 * torch.randn(*sizes))


class Attention(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.heads, self.dim = s.heads, s.head_dim
        self.qkv, self.out = start(3 * s.hidden, s.hidden), start(s.hidden, s.hidden)
        angle = torch.outer(torch.arange(s.context),
                            10000.0 ** (-torch.arange(0, s.head_dim, 2) / s.head_dim))
        self.register_buffer("cos", angle.cos().repeat(1, 2), persistent=False)
        self.register_buffer("sin", torch.cat((-angle.sin(), angle.sin()), 1), persistent=False)

    def turn(self, x):
        """Pairs (i, i + dim / 2): no shuffle inside a row, which is what suits torch."""
        cos, sin = self.cos.to(x.dtype), self.sin.to(x.dtype)
        return x * cos + x.roll(self.dim // 2, -1) * sin

    def forward(self, x):
        sequences, length, hidden = x.shape
        q, k, v = F.linear(x, self.qkv).view(sequences, length, 3, self.heads,
                                             self.dim).permute(2, 0, 3, 1, 4)
        o = F.scaled_dot_product_attention(self.turn(q), self.turn(k), v, is_causal=True)
        return F.linear(o.transpose(1, 2).reshape(sequences, length, hidden), self.out)


def swiglu(gate_up):
    gate, up = gate_up.chunk(2, -1)
    return F.silu(gate) * up


class LoopExperts(nn.Module):
    """One expert after the other, each with parameters of its own, so that none is ever copied."""

    def __init__(self, s):
        super().__init__()
        self.first = nn.ParameterList(start(2 * s.intermediate, s.hidden)
                                      for _ in range(s.experts))
        self.second = nn.ParameterList(start(s.hidden, s.intermediate) for _ in range(s.experts))

    def forward(self, rows, counts):
        parts = rows.split(counts.tolist())
        return torch.cat([F.linear(swiglu(F.linear(part, first)), second)
                          for part, first, second in zip(parts, self.first, self.second)])


class StackedExperts(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.first = start(s.experts, s.hidden, 2 * s.intermediate)
        self.second = start(s.experts, s.intermediate, s.hidden)

    def weights(self, rows):
        """As the products want them; autocast does not know all of these products."""
        if torch.is_autocast_enabled("cpu"):
            dtype = torch.get_autocast_dtype("cpu")
            return rows.to(dtype), self.first.to(dtype), self.second.to(dtype)
        return rows, self.first, self.second


class GroupedExperts(StackedExperts):
    """torch._grouped_mm."""

    def forward(self, rows, counts):
        rows, first, second = self.weights(rows)
        ends = counts.cumsum(0).to(torch.int32)
        return torch._grouped_mm(swiglu(torch._grouped_mm(rows, first, offs=ends)), second,
                                 offs=ends)


class PaddedExperts(StackedExperts):
    """A batched product over all experts, each padded to the rows of the busiest; none dropped."""

    def forward(self, rows, counts):
        rows, first, second = self.weights(rows)
        experts, most = counts.numel(), int(counts.max())
        begin = counts.cumsum(0) - counts
        expert = torch.repeat_interleave(torch.arange(experts), counts, output_size=len(rows))
        slot = torch.arange(len(rows)) - begin[expert] + expert * most
        padded = rows.new_zeros(experts * most, rows.shape[1]).index_copy(0, slot, rows)
        y = torch.bmm(swiglu(torch.bmm(padded.view(experts, most, -1), first)), second)
        return y.flatten(0, 1).index_select(0, slot)


experts_of = {"loop": LoopExperts, "grouped": GroupedExperts, "padded": PaddedExperts}


class Mixture(nn.Module):
    def __init__(self, s, kind):
        super().__init__()
        self.active, self.count = s.active, s.experts
        self.router = start(s.experts, s.hidden)
        self.experts = experts_of[kind](s)
        self.shared_first = start(2 * s.shared * s.intermediate, s.hidden)
        self.shared_second = start(s.hidden, s.shared * s.intermediate)

    def forward(self, x):
        x = x.flatten(0, 1)
        with torch.autocast("cpu", enabled=False):
            scores = F.linear(x.float(), self.router.float()).sigmoid()
            weight, chosen = scores.topk(self.active, -1, sorted=False)
            weight = weight / (weight.sum(-1, keepdim=True) + 1e-20)
        order = chosen.flatten().argsort(stable=True)
        counts = order.new_zeros(self.count).scatter_add(0, chosen.flatten(),
                                                         torch.ones_like(order))
        y = self.experts(x.index_select(0, order // self.active), counts)
        back = torch.empty_like(order)
        back[order] = torch.arange(len(order))
        y = y.index_select(0, back).view(len(x), self.active, -1)
        y = (y * weight.to(y.dtype)[..., None]).sum(1)
        return y + F.linear(swiglu(F.linear(x, self.shared_first)), self.shared_second)


class Norm(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(s.hidden))

    def forward(self, x):
        return F.rms_norm(x, self.gain.shape, self.gain, 1e-6)


class Block(nn.Module):
    def __init__(self, s, kind):
        super().__init__()
        self.norms = nn.ModuleList((Norm(s), Norm(s)))
        self.attention, self.mixture = Attention(s), Mixture(s, kind)

    def forward(self, x):
        x = x + self.attention(self.norms[0](x))
        return x + self.mixture(self.norms[1](x)).view_as(x)


class Model(nn.Module):
    def __init__(self, s, kind):
        super().__init__()
        self.embedding, self.head = start(s.vocabulary, s.hidden), start(s.vocabulary, s.hidden)
        self.blocks = nn.ModuleList(Block(s, kind) for _ in range(s.layers))
        self.norm = Norm(s)

    def forward(self, tokens, following):
        x = F.embedding(tokens, self.embedding)
        for block in self.blocks:
            x = block(x)
        logits = F.linear(self.norm(x), self.head)
        return F.cross_entropy(logits.flatten(0, 1).float(), following.flatten())


def compiled(model, precision):
    """torch.compile takes no loop whose lengths are data, and no grouped product of FP32: those
    run as they are, with what lies inside them compiled for any number of rows."""
    global swiglu
    swiglu = torch.compile(swiglu, dynamic=True)
    for module in model.modules():
        if isinstance(module, (LoopExperts, PaddedExperts)) or (
                isinstance(module, GroupedExperts) and precision == "fp32"):
            module.forward = torch.compiler.disable(module.forward, recursive=False)
    return torch.compile(model)


class HuggingFace(nn.Module):
    """transformers' nearest class: Qwen2-MoE, whose mixture has shared experts, too. It also has
    biases in qkv and a gate on the shared experts, less than 1 % of the FLOP."""

    def __init__(self, s, experts_implementation):
        super().__init__()
        import transformers
        # Where CUDA's libraries are stand-ins (tests/parity/environment.py), this question crashes.
        torch.cuda.is_current_stream_capturing = lambda: False
        config = transformers.Qwen2MoeConfig(
            vocab_size=s.vocabulary, hidden_size=s.hidden, num_hidden_layers=s.layers,
            num_attention_heads=s.heads, num_key_value_heads=s.heads, num_experts=s.experts,
            num_experts_per_tok=s.active, norm_topk_prob=True,
            moe_intermediate_size=s.intermediate,
            shared_expert_intermediate_size=s.shared * s.intermediate,
            max_position_embeddings=s.context, use_cache=False, router_aux_loss_coef=0.0,
            bos_token_id=None, eos_token_id=None, pad_token_id=None)
        self.model = transformers.AutoModelForCausalLM.from_config(
            config, attn_implementation="sdpa", experts_implementation=experts_implementation)
        self.model.train()

    def forward(self, tokens, following):
        logits = self.model(input_ids=tokens).logits
        return F.cross_entropy(logits.flatten(0, 1).float(), following.flatten())
