#include "graft/models/transformers_keys.h"

#include "graft/core/error.h"

namespace graft::models {

tensor::Activation transformers_activation(const io::JsonObject& config, const char* key) {
  using tensor::Activation;
  const auto name = config.get<std::string>(key, "gelu");
  if (name == "gelu" || name == "gelu_python") return Activation::gelu;
  if (name == "quick_gelu") return Activation::quick_gelu;
  if (name == "gelu_pytorch_tanh" || name == "gelu_python_tanh" || name == "gelu_new" || name == "gelu_fast" ||
      name == "gelu_accurate") {
    return Activation::gelu_tanh;
  }
  if (name == "relu") return Activation::relu;
  if (name == "silu" || name == "swish") return Activation::silu;
  throw ModelError("model", "{}: {} = \"{}\": expected gelu, quick_gelu, gelu_pytorch_tanh, relu or silu.",
                   config.file(), config.name_of(key), name);
}

void ignore_transformers_keys(const io::JsonObject& config) {
  config.ignore({"_*", "architectures", "model_type", "transformers_version", "torch_dtype", "dtype", "id2label",
                 "label2id", "problem_type", "finetuning_task", "task_specific_params", "return_dict", "torchscript",
                 "tokenizer_class", "processor_class", "auto_map", "attn_implementation", "prefix", "use_bfloat16"});
  // Matrices in four bits are read as such (nf4_tensors.h).
  const auto quantised = config.object("quantization_config");
  quantised.expect("quant_method", {"bitsandbytes"});
  quantised.expect("load_in_8bit", {false});
  quantised.expect("bnb_4bit_quant_type", {"nf4"});
  quantised.expect("bnb_4bit_quant_storage", {"uint8"});
  quantised.ignore({"_*", "load_in_4bit", "bnb_4bit_compute_dtype", "bnb_4bit_use_double_quant", "llm_int8_*"});
  // What is handed back beside the features.
  config.ignore({"output_attentions", "output_hidden_states", "output_scores", "return_dict_in_generate"});
  // Starts of training, and noise in it.
  config.ignore({"initializer_range", "initializer_factor", "attention_dropout", "attention_probs_dropout_prob",
                 "hidden_dropout_prob", "dropout", "logit_scale_init_value", "gradient_checkpointing", "use_cache"});
  // Generation, of which there is none.
  config.ignore({"bad_words_ids",
                 "begin_suppress_tokens",
                 "chunk_size_feed_forward",
                 "decoder_start_token_id",
                 "diversity_penalty",
                 "do_sample",
                 "early_stopping",
                 "encoder_no_repeat_ngram_size",
                 "exponential_decay_length_penalty",
                 "forced_bos_token_id",
                 "forced_eos_token_id",
                 "length_penalty",
                 "max_length",
                 "min_length",
                 "no_repeat_ngram_size",
                 "num_beam_groups",
                 "num_beams",
                 "num_return_sequences",
                 "remove_invalid_values",
                 "repetition_penalty",
                 "sep_token_id",
                 "suppress_tokens",
                 "temperature",
                 "tf_legacy_loss",
                 "tie_encoder_decoder",
                 "tie_word_embeddings",
                 "top_k",
                 "top_p",
                 "typical_p"});
}

}  // namespace graft::models
