#include "graft/models/timm_keys.h"

namespace graft::models {

void ignore_timm_keys(const io::JsonObject& pretrained) {
  pretrained.ignore({"url",
                     "file",
                     "state_dict",
                     "hf_hub",
                     "hf_hub_id",
                     "hf_hub_filename",
                     "source",
                     "architecture",
                     "tag",
                     "custom_load",
                     "test_input_size",
                     "min_input_size",
                     "test_crop_pct",
                     "num_classes",
                     "label_offset",
                     "label_names",
                     "label_descriptions",
                     "pool_size",
                     "test_pool_size",
                     "first_conv",
                     "classifier",
                     "license",
                     "description",
                     "origin_url",
                     "paper_name",
                     "paper_ids",
                     "notes",
                     "labels",
                     "num_features"});
}

}  // namespace graft::models
