#include "graft/models/transformers_keys.h"

namespace graft::models {

void ignore_transformers_keys(const io::JsonObject& config) {
  config.ignore({"_*", "architectures", "model_type", "transformers_version", "torch_dtype", "dtype", "id2label",
                 "label2id", "problem_type", "finetuning_task", "task_specific_params", "return_dict", "torchscript",
                 "tokenizer_class", "processor_class", "auto_map", "attn_implementation", "prefix", "use_bfloat16"});
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
