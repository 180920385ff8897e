// Blocks against gguf-py and NF4 against bitsandbytes: tests/golden/make/quantised.py. And models whose matrices lie
// so.
#include "graft/models/nf4_tensors.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include <nlohmann/json.hpp>

#include "graft/core/error.h"
#include "graft/io/model_folder.h"
#include "graft/models/checkpoint.h"
#include "graft/models/model.h"
#include "graft/nn/tensor_file.h"
#include "graft/tensor/block_numbers.h"
#include "graft/tensor/resting.h"
#include "tests/support/gradient_check.h"
#include "tests/support/source_dir.h"
#include "tests/support/temp_folder.h"

namespace graft::models {
namespace {

using ::testing::HasSubstr;

io::Weights quantised_golden() {
  return io::Weights::open(source_dir() / "tests/golden/quantised.safetensors");
}

at::Tensor tensor_of(const io::Weights& weights, const std::string& name) {
  return view_of(weights.at(name)).clone();
}

bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  return a.scalar_type() == b.scalar_type() && a.sizes() == b.sizes() &&
         torch::equal(a.contiguous().view({-1}).view(at::kByte), b.contiguous().view({-1}).view(at::kByte));
}

TEST(BlocksGolden, EveryFormatGivesTheNumbersOfGgufPyToTheBit) {
  using tensor::BlockFormat;
  const auto golden = quantised_golden();
  for (const auto format :
       {BlockFormat::f16, BlockFormat::bf16, BlockFormat::q8_0, BlockFormat::q4_0, BlockFormat::q4_1, BlockFormat::q5_0,
        BlockFormat::q5_1, BlockFormat::q2_k, BlockFormat::q3_k, BlockFormat::q4_k, BlockFormat::q5_k,
        BlockFormat::q6_k, BlockFormat::iq4_nl}) {
    SCOPED_TRACE(to_string(format));
    const std::string name(to_string(format));
    const auto numbers = tensor_of(golden, name + ".numbers");
    const auto weight =
        tensor::quantised(format, numbers.size(0), numbers.size(1), tensor_of(golden, name + ".blocks"));
    EXPECT_TRUE(same_bits(tensor::dequantise(weight), numbers));
  }
}

TEST(BlocksGolden, Q8IsRoundedAsGgufPyDoes) {
  const auto golden = quantised_golden();
  const auto weight = tensor::quantise(tensor_of(golden, "q8_0_of"), tensor::BlockFormat::q8_0);
  EXPECT_TRUE(torch::equal(weight.parts[0].blocks, tensor_of(golden, "q8_0_is")));
}

constexpr const char* kMatrices[] = {"double", "plain", "many", "half"};

TEST(Nf4Golden, IsReadAsBitsandbytesReadsIt) {
  const auto golden = quantised_golden();
  for (const std::string name : kMatrices) {
    SCOPED_TRACE(name);
    const auto weight = read_nf4(golden, name + ".weight");
    const auto want = tensor_of(golden, name + ".is");
    EXPECT_TRUE(same_bits(tensor::dequantise(weight).to(want.scalar_type()), want));
    EXPECT_TRUE(torch::equal(tensor::dequantise(weight), want.to(at::kFloat)));  // nothing is left to be rounded
  }
}

TEST(Nf4Golden, IsQuantisedAndWrittenAsBitsandbytesDoesIt) {
  const auto golden = quantised_golden();
  TempFolder folder;
  for (const std::string name : kMatrices) {
    SCOPED_TRACE(name);
    nn::NamedTensors tensors;
    const auto weight = tensor::quantise_nf4(tensor_of(golden, name + ".of"), name != "plain");
    write_nf4(weight, name + ".weight", tensors);
    nn::write_tensors(folder / "nf4.safetensors", tensors);
    const auto written = io::Weights::open(folder / "nf4.safetensors");
    EXPECT_EQ(bitsandbytes_names(written, name + ".weight"), bitsandbytes_names(golden, name + ".weight"));
    for (const auto& [key, view] : written.tensors()) {
      SCOPED_TRACE(key);
      const auto ours = view_of(view), theirs = view_of(golden.at(key));
      if (key.find("quant_state") == std::string::npos) {
        EXPECT_TRUE(same_bits(ours, theirs));
        continue;
      }
      const auto json = [](const at::Tensor& t) {
        const auto* begin = reinterpret_cast<const char*>(t.const_data_ptr<uint8_t>());
        return nlohmann::json::parse(begin, begin + t.numel());
      };
      auto a = json(ours), b = json(theirs);
      if (a.contains("nested_offset")) {
        EXPECT_FLOAT_EQ(a["nested_offset"].get<float>(), b["nested_offset"].get<float>());
        a.erase("nested_offset"), b.erase("nested_offset");
      }
      EXPECT_EQ(a, b);
    }
    EXPECT_TRUE(torch::equal(tensor::dequantise(read_nf4(written, name + ".weight")), tensor::dequantise(weight)));
  }
}

// A BERT of transformers with its matrices in NF4, beside the same with what they are worth in float32.
class Nf4Folder {
 public:
  explicit Nf4Folder(bool quantised) {
    const auto from = source_dir() / "tests/golden/models/bert_hf";
    auto tensors = nn::read_tensors(from / "model.safetensors");
    nn::NamedTensors written;
    for (const auto& [name, value] : tensors) {
      const bool matrix = name.find("embeddings") == std::string::npos && name.ends_with("weight") && value.dim() == 2;
      if (!matrix) {
        written[name] = value;
      } else if (quantised) {
        write_nf4(tensor::quantise_nf4(value), name, written);
      } else {
        written[name] = tensor::dequantise(tensor::quantise_nf4(value));
      }
    }
    nn::write_tensors(folder_ / "model.safetensors", written);
    std::ifstream file(from / "config.json");
    auto config = nlohmann::json::parse(file);
    if (quantised) {
      config["quantization_config"] = {{"quant_method", "bitsandbytes"},
                                       {"load_in_4bit", true},
                                       {"load_in_8bit", false},
                                       {"bnb_4bit_quant_type", "nf4"},
                                       {"bnb_4bit_use_double_quant", true},
                                       {"bnb_4bit_compute_dtype", "bfloat16"},
                                       {"bnb_4bit_quant_storage", "uint8"},
                                       {"llm_int8_threshold", 6.0},
                                       {"_load_in_4bit", true}};
    }
    folder_.put("config.json", config.dump());
  }

  at::Tensor features(tensor::Precision precision) const {
    LoadOptions options;
    options.precision = precision;
    const auto model = load_model(io::ModelFolder::at(folder_.path()), options);
    const auto golden = io::Weights::open(source_dir() / "tests/golden/models/bert_hf/expected.safetensors");
    const nn::Value value{tensor_of(golden, "ids").to(at::kLong),
                          {},
                          tensor_of(golden, "mask").to(at::kBool),
                          tensor_of(golden, "types").to(at::kLong)};
    const torch::NoGradGuard no_grad;
    return model->reader().encode(value, {});
  }

 private:
  TempFolder folder_;
};

TEST(Nf4Tensors, AModelWithThemIsTheModelOfTheirNumbers) {
  const Nf4Folder quantised(true), dense(false);
  EXPECT_LT(
      testing::relative_error(quantised.features(tensor::Precision::fp32), dense.features(tensor::Precision::fp32)),
      1e-6);
  for (const auto precision : {tensor::Precision::bf16, tensor::Precision::nf4, tensor::Precision::int8}) {
    EXPECT_LT(testing::relative_error(quantised.features(precision), dense.features(tensor::Precision::fp32)), 0.05)
        << to_string(precision);
  }
}

TEST(Nf4Tensors, WhatIsBrokenIsToldByName) {
  const auto error_of = [](const std::function<void(nn::NamedTensors&)>& change) -> std::string {
    TempFolder folder;
    nn::NamedTensors tensors;
    write_nf4(tensor::quantise_nf4(torch::randn({4, 32})), "w", tensors);
    change(tensors);
    nn::write_tensors(folder / "w.safetensors", tensors);
    try {
      read_nf4(io::Weights::open(folder / "w.safetensors"), "w");
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  const auto state_with = [](const std::string& text) {
    return [text](nn::NamedTensors& t) {
      auto bytes = torch::empty({static_cast<int64_t>(text.size())}, at::kByte);
      std::memcpy(bytes.mutable_data_ptr(), text.data(), text.size());
      t["w.quant_state.bitsandbytes__nf4"] = bytes;
    };
  };
  EXPECT_EQ(error_of([](auto&) {}), "");
  EXPECT_THAT(error_of([](auto& t) { t.erase("w.absmax"); }), HasSubstr("'w.absmax' is missing"));
  EXPECT_THAT(error_of([](auto& t) { t["w"] = t["w"].slice(0, 1).clone(); }), HasSubstr("'w' is damaged"));
  EXPECT_THAT(error_of([](auto& t) { t["w.absmax"] = t["w.absmax"].to(at::kFloat); }),
              HasSubstr("'w.absmax' is of type"));
  EXPECT_THAT(error_of([](auto& t) { t["w.quant_map"] = t["w.quant_map"] * 2; }), HasSubstr("table of NF4"));
  EXPECT_THAT(error_of([](auto& t) { t.erase("w.quant_state.bitsandbytes__nf4"); }), HasSubstr("not as NF4"));
  EXPECT_THAT(error_of(state_with("{\"quant_type\": \"nf4\"")), HasSubstr("quant_state"));
  EXPECT_THAT(error_of(state_with(R"({"quant_type": "nf4", "blocksize": 64, "dtype": "float64", "shape": [4, 32]})")),
              HasSubstr("float64"));
  EXPECT_THAT(error_of(state_with(R"({"quant_type": "nf4", "blocksize": 64, "dtype": "float32", "shape": [-4, 32]})")),
              HasSubstr("shape"));
}

}  // namespace
}  // namespace graft::models
