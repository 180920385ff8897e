"""TimeSformers as transformers writes them; run by models.py."""

import torch

from models import expect, folder, lively


def make():
    from transformers import TimesformerConfig, TimesformerForVideoClassification, VideoMAEImageProcessor

    for case, attention, seed in (("timesformer_divided", "divided_space_time", 51), ("timesformer_joint", "joint_space_time", 52),
                                  ("timesformer_space", "space_only", 53)):
        config = TimesformerConfig(image_size=20, patch_size=10, num_frames=3, hidden_size=24, num_hidden_layers=3 if seed == 51 else 2, num_attention_heads=3,
                                   intermediate_size=36, attention_type=attention, num_labels=4)
        model = lively(TimesformerForVideoClassification(config), seed)
        path = folder(case)
        model.save_pretrained(path)
        VideoMAEImageProcessor(size={"shortest_edge": 20}, crop_size={"height": 20, "width": 20}, image_mean=[0.45] * 3,
                               image_std=[0.225] * 3).save_pretrained(path)
        clips = torch.randn(2, 3, 3, 20, 20, generator=torch.Generator().manual_seed(9))
        out = model.timesformer(clips, output_hidden_states=True)
        states = out.hidden_states
        if attention == "space_only":  # transformers gives a row a frame; its authors average them before the last norm
            features = model.timesformer.layernorm(states[-1][:, 0].view(2, 3, -1).mean(1))
        else:
            features = out.last_hidden_state[:, 0]
            assert torch.allclose(model(clips).logits, model.classifier(features), atol=1e-6)
        expect(path, images=clips.flatten(0, 1), features=features, logits=model.classifier(features), tokens=states[0],
               **{f"block.{i}": state for i, state in enumerate(states[1:])})
