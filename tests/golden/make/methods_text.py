"""Adapters on the text encoders of tests/golden/models (models_bert.py), as PEFT and `adapters` compute them.

    python tests/golden/make/methods_text.py peft        # torch 2.13, peft 0.21.2, transformers 5.24
    python tests/golden/make/methods_text.py adapters    # adapters 1.3.0, transformers 4.57.6

Writes tests/golden/methods/peft_{bert,roberta,distilbert}/ (an adapter, and the `features` of the golden ids with it) and
adapters_bert.safetensors (bottlenecks by our paths, and the features with each kind of them).
"""

import json
import shutil
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

GOLDEN = Path(__file__).resolve().parents[1]
sys.path.append(sys.path.pop(0))  # tokenizers.py beside this file is not the library


def inputs_of(case, types=True):
    golden = load_file(GOLDEN / "models" / case / "expected.safetensors")
    inputs = dict(input_ids=golden["ids"].long(), attention_mask=golden["mask"].long())
    return {**inputs, "token_type_ids": golden["types"].long()} if types else inputs


def shaken(parameters, seed):
    generator = torch.Generator().manual_seed(seed)
    for parameter in parameters:
        parameter.copy_(0.3 * torch.randn(parameter.shape, generator=generator))


def peft_cases():
    from peft import LoraConfig, get_peft_model
    from transformers import (BertForSequenceClassification, DistilBertForSequenceClassification, RobertaModel)

    def make(name, case, model, config, encoder, types=True, seed=61):
        adapted = get_peft_model(model, config).eval()
        shaken([value for key, value in adapted.named_parameters() if "lora_" in key], seed)
        outputs = encoder(adapted)(**inputs_of(case, types))
        path = GOLDEN / "methods" / f"peft_{name}"
        shutil.rmtree(path, ignore_errors=True)
        adapted.save_pretrained(path)
        (path / "README.md").unlink(missing_ok=True)
        said = json.loads((path / "adapter_config.json").read_text())
        said["base_model_name_or_path"] = case
        (path / "adapter_config.json").write_text(json.dumps(said, indent=1))
        pooled = getattr(outputs, "pooler_output", None)
        features = outputs.last_hidden_state[:, 0] if pooled is None else pooled
        expected = {"features": features}
        if name == "bert":
            expected["logits"] = adapted(**inputs_of(case)).logits
        save_file({key: value.contiguous() for key, value in expected.items()}, path / "expected.safetensors")
        print(name, sum(file.stat().st_size for file in path.iterdir()), "bytes")

    torch.manual_seed(62)
    models = GOLDEN / "models"
    make("bert", "bert_hf", BertForSequenceClassification.from_pretrained(models / "bert_hf", num_labels=3),
         LoraConfig(r=3, lora_alpha=5, target_modules=["query", "value", "dense"], task_type="SEQ_CLS"),
         lambda adapted: adapted.base_model.model.bert)
    make("roberta", "roberta_hf", RobertaModel.from_pretrained(models / "roberta_hf", add_pooling_layer=False),
         LoraConfig(r=2, use_rslora=True, target_modules=["query", "key", "intermediate.dense"]), lambda adapted: adapted)
    make("distilbert", "distilbert_hf", DistilBertForSequenceClassification.from_pretrained(models / "distilbert_hf"),
         LoraConfig(r=2, target_modules=["q_lin", "v_lin", "lin2"], task_type="SEQ_CLS"),
         lambda adapted: adapted.base_model.model.distilbert, types=False)


def bottlenecks():
    import adapters
    from adapters import DoubleSeqBnConfig, ParBnConfig, SeqBnConfig
    from transformers import BertModel

    tensors = {}
    kinds = dict(houlsby=DoubleSeqBnConfig(reduction_factor=9, non_linearity="gelu"),
                 pfeiffer=SeqBnConfig(reduction_factor=9), parallel=ParBnConfig(reduction_factor=9, scaling=2.0))
    for seed, (kind, config) in enumerate(kinds.items()):
        model = BertModel.from_pretrained(GOLDEN / "models" / "bert_hf").eval()
        adapters.init(model)
        model.add_adapter("own", config=config)
        model.set_active_adapters("own")
        for k, layer in enumerate(model.encoder.layer):
            for place, module in (("attn", layer.attention.output), ("mlp", layer.output)):
                if "own" not in module.adapters:
                    continue
                own = module.adapters["own"]
                shaken(own.parameters(), 70 + 10 * seed + k)
                name = f"{kind}.text.blocks.{k}.{place}."
                tensors.update({name + "down_weight": own.adapter_down[0].weight, name + "down_bias": own.adapter_down[0].bias,
                                name + "up_weight": own.adapter_up.weight, name + "up_bias": own.adapter_up.bias})
        tensors[f"{kind}.features"] = model(**inputs_of("bert_hf")).pooler_output
    path = GOLDEN / "methods" / "adapters_bert.safetensors"
    save_file({key: value.detach().clone().contiguous() for key, value in tensors.items()}, path)
    print(path.name, len(tensors), "tensors", path.stat().st_size, "bytes")


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    torch.set_num_threads(1)
    {"peft": peft_cases, "adapters": bottlenecks}[sys.argv[1]]()
