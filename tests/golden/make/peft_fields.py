"""Every field of PEFT's configurations that graft reads, with a value that is not its default: tests/golden/peft_fields.json.

A field without a value of its own below stops this: a newer PEFT has something new to be read or refused.

Made with peft 0.21.2.
"""
import dataclasses
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path = [p for p in sys.path if pathlib.Path(p or ".").resolve() != HERE]  # tokenizers.py has a library's name
from peft import IA3Config, LoraConfig, PrefixTuningConfig, PromptTuningConfig, VeraConfig  # noqa: E402

COMMON = {"task_type": "CAUSAL_LM", "peft_type": None, "auto_mapping": {"base_model_class": "X"}, "peft_version": "0.20.0",
          "base_model_name_or_path": "x", "revision": "x", "inference_mode": True, "runtime_config": {"ephemeral_gpu_offload": True},
          "modules_to_save": ["x"], "target_modules": ["x"], "exclude_modules": ["x"], "fan_in_fan_out": True,
          "layers_to_transform": [0], "layers_pattern": "layers"}
PROMPTS = {"num_virtual_tokens": 9, "token_dim": 8, "num_transformer_submodules": 2, "num_attention_heads": 4, "num_layers": 4}
VALUES = {
    LoraConfig: {"r": 4, "lora_alpha": 16, "lora_dropout": 0.1, "bias": "all", "use_rslora": True, "init_lora_weights": "gaussian",
                 "rank_pattern": {"q_proj": 4}, "alpha_pattern": {"q_proj": 4}, "megatron_config": {"x": 1}, "megatron_core": "x",
                 "trainable_token_indices": [1], "loftq_config": {"loftq_bits": 4}, "eva_config": {"rho": 2},
                 "corda_config": {"corda_method": "ipm"}, "lora_ga_config": {"x": 1}, "use_dora": True, "velora_config": {"x": 1},
                 "alora_invocation_tokens": [1], "use_qalora": True, "qalora_group_size": 8, "monteclora_config": {"x": 1},
                 "layer_replication": [[0, 2]], "lora_bias": True, "target_parameters": ["x"], "use_bdlora": {"x": 1},
                 "arrow_config": {"x": 1}, "kasa_config": {"x": 1}, "ensure_weight_tying": True},
    VeraConfig: {"r": 4, "projection_prng_key": 7, "save_projection": False, "vera_dropout": 0.1, "d_initial": 0.2, "bias": "all",
                 "init_weights": False},
    IA3Config: {"feedforward_modules": ["x"], "init_ia3_weights": False},
    PrefixTuningConfig: PROMPTS | {"encoder_hidden_size": 4, "prefix_projection": True, "init_weights": "zero"},
    PromptTuningConfig: PROMPTS | {"prompt_tuning_init": "TEXT", "prompt_tuning_init_text": "x", "tokenizer_name_or_path": "x",
                                   "tokenizer_kwargs": {"x": 1}},
}


def main():
    everything = {}
    for config, own in VALUES.items():
        values = COMMON | own
        fields = [field.name for field in dataclasses.fields(config)]
        missing = [name for name in fields if name not in values]
        assert not missing, f"{config.__name__}: {missing}"
        kind = config.__name__.removesuffix("Config")
        everything[kind] = {name: values[name] for name in fields}
    (HERE.parent / "peft_fields.json").write_text(json.dumps(everything, indent=1) + "\n")


if __name__ == "__main__":
    main()
