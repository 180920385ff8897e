"""The same ViT for the inference engines: OpenVINO's IR, and ONNX with weights quantised to int8 by ONNX Runtime (dynamic
activations). A fixed batch, as a user who wants speed exports it."""
import argparse
import pathlib

import torch
import transformers


class ClassToken(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, pixels):
        return self.model(pixel_values=pixels).last_hidden_state[:, 0]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--batch", type=int, default=16)
    args = parser.parse_args()
    model = ClassToken(transformers.ViTModel.from_pretrained(args.folder, add_pooling_layer=False).eval())
    side = model.model.config.image_size
    images = torch.randn(args.batch, 3, side, side)
    if not (args.folder / "openvino.xml").exists():
        import openvino

        with torch.no_grad():
            converted = openvino.convert_model(model, example_input=images, input=list(images.shape))
        openvino.save_model(converted, args.folder / "openvino.xml", compress_to_fp16=False)
    if not (args.folder / "int8.onnx").exists():
        from onnxruntime.quantization import QuantType, quantize_dynamic
        from onnxruntime.quantization.shape_inference import quant_pre_process

        plain, prepared = args.folder / "plain.onnx", args.folder / "prepared.onnx"
        torch.onnx.export(model, (images,), str(plain), input_names=["pixels"], output_names=["features"], dynamo=True,
                          external_data=False)
        quant_pre_process(str(plain), str(prepared), skip_symbolic_shape=True)
        quantize_dynamic(str(prepared), str(args.folder / "int8.onnx"), weight_type=QuantType.QInt8, per_channel=True)


if __name__ == "__main__":
    main()
