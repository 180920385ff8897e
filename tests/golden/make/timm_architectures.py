"""timm's VisionTransformer architectures: which of them graft's blocks run, with what settings, and what they compute.

Every architecture is built on the meta device and told by its modules, not by its name. Writes
src/graft/models/vit/timm_architectures.def, and tests/golden/models/timm_architectures.json: for each architecture that
is read, the features of a shrunken one (two blocks, heads two wide, nine patches) and the shapes of its tensors, where
the second block's are those of the first. Its weights and its image come from `drawn`, which
tests/models/timm_architectures_test.cpp repeats, so that none are stored; architectures that compute the same share one
entry.

    python tests/golden/make/timm_architectures.py [--folders OUT]

With --folders each shrunken model is also saved by timm itself, OUT/<name>/ with expected.safetensors beside it, to be
compared with `graft features`.

Made with torch 2.13.0, timm 1.0.31.
"""

import argparse
import collections
import json
import logging
import pathlib
import sys

import numpy
import torch
from models import NoTorchvision

ROOT = pathlib.Path(__file__).parents[3]
TABLE = ROOT / "src/graft/models/vit/timm_architectures.def"
GOLDEN = ROOT / "tests/golden/models/timm_architectures.json"
DEPTH, PATCH, IMAGE, HEAD = 2, 4, 12, 2

BLOCKS = {"ResPostBlock": "its blocks norm after attention and MLP",
          "ParallelScalingBlock": "its blocks run attention and MLP side by side",
          "DiffParallelScalingBlock": "its blocks run attention and MLP side by side",
          "ParallelThingsBlock": "its blocks run several attentions side by side"}
MLPS = {"SwiGLU": "its MLP is gated (SwiGLU)", "SwiGLUPacked": "its MLP is gated (SwiGLU)",
        "GluMlp": "its MLP is gated (SwiGLU)", "GeGluMlp": "its MLP is gated (GeGLU)"}
ACTIVATIONS = {"GELU": "gelu", "GELUTanh": "gelu_tanh", "QuickGELU": "quick_gelu", "ReLU": "relu", "SiLU": "silu"}


def kind(module):
    return type(module).__name__


def is_absent(module):
    return module is None or isinstance(module, torch.nn.Identity)


def refusal(model):
    """Why graft's blocks cannot run this model, or None."""
    block = model.blocks[0]
    if kind(model) not in ("VisionTransformer", "VisionTransformerDistilled"):
        return f"it is timm's {kind(model)}"
    if kind(model.patch_embed) != "PatchEmbed":
        return "a convolutional network stands before its blocks"
    if not is_absent(model.patch_embed.norm):
        return "its patches are normed"
    if kind(block) != "Block":
        return BLOCKS[kind(block)]
    if kind(block.attn) != "Attention":
        return "its attention is a difference of two"
    if not is_absent(block.attn.q_norm) or not is_absent(block.attn.k_norm):
        return "its queries and keys are normed"
    norms = [each for each in (block.norm1, block.norm2, model.norm, model.fc_norm, model.norm_pre) if not is_absent(each)]
    if any(not isinstance(each, torch.nn.LayerNorm) for each in norms):
        return "its norms are RMS norms"
    if kind(block.mlp) != "Mlp":
        return MLPS[kind(block.mlp)]
    if not is_absent(block.attn.norm) or not is_absent(block.mlp.norm):
        return "its blocks norm inside attention and MLP"
    if kind(block.mlp.act) not in ACTIVATIONS:
        return f"its activation is {kind(block.mlp.act)}"
    if model.pos_embed is None:
        return "it has no learned positions"
    if model.pool_include_prefix:
        return "it pools its registers with the patches"
    assert model.global_pool in ("token", "avg", "map")
    assert abs(block.attn.scale - block.attn.head_dim ** -0.5) < 1e-9
    assert len({each.eps for each in norms}) == 1
    return None


def settings_of(model):
    block = model.blocks[0]
    traits = {"kClass": model.has_class_token,
              "kDistilled": kind(model) == "VisionTransformerDistilled",
              "kNormPre": not is_absent(model.norm_pre),
              "kFinalNorm": not (is_absent(model.norm) and is_absent(model.fc_norm)),
              "kScale": not is_absent(block.ls1),
              "kQkvBias": block.attn.qkv.bias is not None,
              "kPlacePatchesAlone": model.no_embed_class}
    size, patch = model.patch_embed.img_size, model.patch_embed.patch_size
    assert size[0] == size[1] and patch[0] == patch[1]
    return [model.embed_dim, len(model.blocks), block.attn.num_heads, patch[0], size[0], ACTIVATIONS[kind(block.mlp.act)],
            f"{block.norm1.eps:g}".replace("e-0", "e-"), model.global_pool, model.num_reg_tokens,
            " | ".join(name for name, there in traits.items() if there)]


def write_table(read, refused, renamed):
    lines = ["// timm 1.0.31's VisionTransformer models, written by tests/golden/make/timm_architectures.py.",
             "// ARCHITECTURE(name, width, depth, heads, patch, image, activation, eps, pooling, registers, traits)"]
    for name, settings in read.items():
        lines.append(f'ARCHITECTURE("{name}", {", ".join(map(str, settings))})')
    lines.append("// REFUSED(name, why)")
    lines += [f'REFUSED("{name}", "{why}")' for name, why in refused.items()]
    lines.append("// RENAMED(what older versions called it, name)")
    lines += [f'RENAMED("{old}", "{new}")' for old, new in renamed.items()]
    TABLE.write_text("\n".join(lines) + "\n")


def drawn(name, shape):
    """Numbers of a name: splitmix64 of its FNV-1a hash and of each index, uniform; scaled so that nothing fades."""
    key = 0xcbf29ce484222325
    for byte in name.encode():
        key = ((key ^ byte) * 0x100000001b3) % 2**64
    count = int(numpy.prod(shape))
    with numpy.errstate(over="ignore"):
        z = numpy.uint64(key) + numpy.arange(1, count + 1, dtype=numpy.uint64) * numpy.uint64(0x9e3779b97f4a7c15)
        z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xbf58476d1ce4e5b9)
        z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94d049bb133111eb)
        z = z ^ (z >> numpy.uint64(31))
    uniform = (z >> numpy.uint64(40)).astype(numpy.float64) / 2**23 - 1
    if name.endswith(".weight") and len(shape) >= 2:
        values = uniform * (3 / (count / shape[0])) ** 0.5
    elif name.endswith((".weight", ".gamma")):
        values = 1 + 0.3 * uniform
    else:
        values = 0.5 * uniform
    return torch.from_numpy(values.astype(numpy.float32)).reshape(tuple(shape))


def shrunken(name, heads, pooling):
    import timm
    logging.disable(logging.WARNING)
    model = timm.create_model(name, pretrained=False, num_classes=0, depth=DEPTH, embed_dim=HEAD * heads, patch_size=PATCH,
                              img_size=IMAGE, global_pool=pooling).eval()
    for key, value in model.state_dict().items():
        value.copy_(drawn(key, value.shape))
    return model


def features_of(model):
    image = 4 * drawn("image", (1, 3, IMAGE, IMAGE))
    return model.forward_head(model.forward_features(image), pre_logits=True), image


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--folders", type=pathlib.Path)
    args = parser.parse_args()
    sys.meta_path.insert(0, NoTorchvision())
    import timm
    from timm.models._registry import _deprecated_models
    from timm.models.vision_transformer import VisionTransformer

    torch.set_grad_enabled(False)
    read, refused = {}, {}
    for name in timm.list_models():
        module = sys.modules[timm.models.model_entrypoint(name).__module__]
        if not any(each is VisionTransformer or isinstance(each, type) and issubclass(each, VisionTransformer)
                   for each in vars(module).values()):
            continue
        with torch.device("meta"):
            model = timm.create_model(name, pretrained=False, num_classes=0)
        if not isinstance(model, VisionTransformer):
            continue
        if why := refusal(model):
            refused[name] = why
        else:
            read[name] = settings_of(model)
    renamed = {old: new.split(".")[0] for old, new in _deprecated_models.items() if new.split(".")[0] in read | refused}
    write_table(read, refused, renamed)

    groups = collections.defaultdict(list)
    for name, settings in read.items():
        # Attention pooling is not read; the same model is where it was built, or reset, to pool by the mean.
        pooling = "avg" if settings[7] == "map" else settings[7]
        model = shrunken(name, settings[2], pooling)
        features, image = features_of(model)
        shapes = {key: list(value.shape) for key, value in model.state_dict().items() if not key.startswith("blocks.1.")}
        groups[json.dumps(dict(global_pool=pooling, tensors=shapes,
                               features=[float(f"{x:.7g}") for x in features[0].tolist()]))].append(name)
        if args.folders:
            from safetensors.torch import save_file
            from timm.models import save_for_hf
            path = args.folders / name
            save_for_hf(model, path, safe_serialization=True)
            save_file(dict(images=image, features=features), path / "expected.safetensors")
    cases = [dict(architectures=names, **json.loads(key)) for key, names in groups.items()]
    GOLDEN.write_text("[" + ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases) + "]\n")
    print(len(read), "read,", len(refused), "refused,", len(renamed), "renamed,", len(cases), "cases,",
          GOLDEN.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
