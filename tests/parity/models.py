# SPDX-License-Identifier: MIT
"""Tiny models in transformers, one for each recipe in recipes/, and their weights by our names."""
import torch
import transformers

context = 48
hidden = 64
no_tokens = dict(bos_token_id=None, eos_token_id=None, pad_token_id=None)
# Far larger than one would start from: attention, routing and gates leave their linear range.
common = dict(vocab_size=256, hidden_size=hidden, max_position_embeddings=context,
              initializer_range=0.2, attn_implementation="eager", **no_tokens)


def deepseek_config():
    return transformers.DeepseekV3Config(
        num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=4, q_lora_rank=None,
        kv_lora_rank=32, qk_nope_head_dim=16, qk_rope_head_dim=8, v_head_dim=24,
        n_routed_experts=16, n_shared_experts=1, moe_intermediate_size=40, num_experts_per_tok=4,
        n_group=4, topk_group=2, routed_scaling_factor=2.5, norm_topk_prob=True,
        first_k_dense_replace=1, intermediate_size=96, **common)


def yarn_config():
    scaling = dict(rope_type="yarn", rope_theta=5000.0, factor=4.0, beta_fast=8.0, beta_slow=0.5,
                   original_max_position_embeddings=16, mscale=0.707, mscale_all_dim=1.0)
    return transformers.DeepseekV3Config(
        num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=2, q_lora_rank=24,
        kv_lora_rank=16, qk_nope_head_dim=16, qk_rope_head_dim=16, v_head_dim=16,
        n_routed_experts=8, n_shared_experts=2, moe_intermediate_size=32, num_experts_per_tok=2,
        n_group=2, topk_group=1, routed_scaling_factor=1.0, norm_topk_prob=False,
        first_k_dense_replace=0, intermediate_size=32, rms_norm_eps=1e-5, tie_word_embeddings=True,
        rope_parameters=scaling, **{**common, "max_position_embeddings": 64})


def qwen_config():
    return transformers.Qwen3MoeConfig(
        num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, head_dim=32,
        num_experts=8, num_experts_per_tok=3, moe_intermediate_size=40, intermediate_size=96,
        mlp_only_layers=[0], norm_topk_prob=True,
        rope_parameters=dict(rope_type="default", rope_theta=1e6), **common)


def mixtral_config():
    return transformers.MixtralConfig(
        num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=1, head_dim=16,
        num_local_experts=6, num_experts_per_tok=2, intermediate_size=48, rms_norm_eps=1e-5,
        rope_parameters=dict(rope_type="default", rope_theta=1e4), **common)


recipes = {"parity_deepseek": deepseek_config, "parity_yarn": yarn_config,
           "parity_qwen": qwen_config, "parity_mixtral": mixtral_config}


def random_model(recipe, seed=1):
    """Gains differ from 1, and selection biases are mostly negative, so that masking with zeros
    instead of minus infinity would choose other experts."""
    torch.manual_seed(seed)
    model = transformers.AutoModelForCausalLM.from_config(recipes[recipe]()).eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "norm" in name:
                weight.add_(0.2 * torch.randn_like(weight))
        for name, bias in model.named_buffers():
            if name.endswith("e_score_correction_bias"):
                bias.copy_(0.3 * torch.randn_like(bias) - 0.8)
    return model


def load(folder):
    """In FP32. Whatever transformers finds missing, unexpected or of another shape is a failure."""
    model, info = transformers.AutoModelForCausalLM.from_pretrained(
        folder, output_loading_info=True, dtype=torch.float32, attn_implementation="eager")
    assert not any(info.values()), info
    return model.eval()


def windows(text):
    """A text's bytes, cut as score cuts them."""
    tokens = torch.tensor(list(text))
    return [tokens[i:i + context] for i in range(0, len(tokens), context)]


def logits_of(model, text):
    with torch.no_grad():
        return torch.cat([model(w[None]).logits[0] for w in windows(text)])


def loss_of(logits, text):
    """Row i predicts token i + 1."""
    return torch.nn.functional.cross_entropy(logits[:-1].double(), torch.tensor(list(text))[1:])


def in_pairs(weight, head_dim):
    """Rows of halves (i, i + head_dim / 2) as rows of pairs (2i, 2i + 1)."""
    heads = weight.reshape(-1, 2, head_dim // 2, *weight.shape[1:])
    return heads.transpose(1, 2).reshape(weight.shape)


def ours(model, of=lambda weight: weight):
    """What 'of' gives for each parameter, by our names and in our order of rows."""
    config, tensors = model.config, {}
    halves = config.model_type != "deepseek_v3"
    turned = ("q_proj.weight", "k_proj.weight", "q_norm.weight", "k_norm.weight")
    for name, parameter in model.named_parameters():
        value = of(parameter)
        if ".experts." in name:
            at, kind = name.rsplit(".", 1)
            for e, expert in enumerate(value):
                if kind == "gate_up_proj":
                    gate, up = expert.chunk(2)
                    tensors[f"{at}.{e}.gate_proj.weight"] = gate
                    tensors[f"{at}.{e}.up_proj.weight"] = up
                else:
                    tensors[f"{at}.{e}.down_proj.weight"] = expert
        elif halves and name.endswith(turned):
            tensors[name] = in_pairs(value, config.head_dim)
        else:
            tensors[name] = value
    return tensors


def difference(ours, theirs):
    """The largest difference, against the largest number."""
    ours, theirs = ours.double(), theirs.double()
    assert ours.shape == theirs.shape and torch.isfinite(ours).all()
    return float((ours - theirs).abs().max() / theirs.abs().max())


def norm_difference(ours, theirs):
    """The norm of the difference, against the norm; zero must meet zero."""
    ours, theirs = ours.double(), theirs.double()
    assert ours.shape == theirs.shape and torch.isfinite(ours).all()
    norm = float(theirs.norm())
    if norm == 0:
        return 0.0 if float(ours.norm()) == 0 else float("inf")
    return float((ours - theirs).norm()) / norm
