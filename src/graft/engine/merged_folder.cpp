#include "graft/engine/merged_folder.h"

#include <nlohmann/json.hpp>

#include "graft/core/error.h"
#include "graft/io/json_object.h"

namespace graft::engine {
namespace {

namespace fs = std::filesystem;

class Folded final : public methods::Method {
 public:
  explicit Folded(std::unique_ptr<methods::Method> method) : method_(std::move(method)) {}

  std::string name() const override { return method_->name(); }
  methods::HeadWish head(const methods::Setting& setting) const override { return method_->head(setting); }
  methods::Recipe recipe(const methods::Setting& setting) const override { return method_->recipe(setting); }
  methods::Adaptation attach(const methods::Setting&, models::Head&, Random&) const override { return {}; }
  OptionValues config() const override { return method_->config(); }

 private:
  std::unique_ptr<methods::Method> method_;
};

}  // namespace

bool is_merged(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_regular_file(folder / kMergedFile, ignored) && !fs::exists(folder / "adapter_config.json", ignored);
}

std::vector<std::string> merged_files(const fs::path& folder) {
  const auto file = io::JsonObject::read(folder / kMergedFile);
  return file ? file->get("files", std::vector<std::string>{}) : std::vector<std::string>{};
}

std::unique_ptr<methods::Method> merged_method(std::unique_ptr<methods::Method> method) {
  return std::make_unique<Folded>(std::move(method));
}

}  // namespace graft::engine
