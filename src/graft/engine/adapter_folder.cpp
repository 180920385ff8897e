#include "graft/engine/adapter_folder.h"

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>

#include "graft/core/atomic_file.h"
#include "graft/core/error.h"
#include "graft/core/printable.h"
#include "graft/data/dataset.h"
#include "graft/engine/merged_folder.h"
#include "graft/engine/named_adapter.h"
#include "graft/io/json_object.h"
#include "graft/io/weights.h"
#include "graft/methods/disk.h"
#include "graft/methods/entry.h"
#include "graft/methods/foreign.h"
#include "graft/methods/scaled.h"
#include "graft/nn/tensor_file.h"
#include "graft/plugins/blocks/placing.h"
#include "graft/tasks/task.h"
#include "graft/tensor/resting.h"

namespace graft::engine {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kConfig = "adapter_config.json";
constexpr const char* kTensors = "adapter_model.safetensors";
constexpr const char* kPickled = "adapter_model.bin";
constexpr const char* kHead = "head.safetensors";
constexpr const char* kBlocks = "blocks.safetensors";
constexpr int64_t kVersion = 2;                   // of the "graft" object
constexpr const char* kNextToken = "next-token";  // the task that `lm train` writes
constexpr int64_t kWithoutBlocks = 1;             // all that the first knew

json describe(const data::Preprocessing& p) {
  const auto name = [](auto value) {
    for (const auto& [candidate, label] : choices(value)) {
      if (candidate == value) return label;
    }
    return std::string();
  };
  const auto crop = p.output();
  return {{"resize", {p.resize.height, p.resize.width}},
          {"resize_mode", name(p.resize_mode)},
          {"interpolation", name(p.interpolation)},
          {"crop", {crop.height, crop.width}},
          {"mean", p.mean},
          {"std", p.std}};
}

// What had to be assumed of the base.
std::vector<std::string> number_notes(const models::ModelInfo& model) {
  std::vector<std::string> texts;
  for (const auto& note : model.notes)
    if (note.numbers) texts.push_back(note.text);
  return texts;
}

io::JsonObject read_config_json(const fs::path& folder) {
  const fs::path file = folder / (is_merged(folder) ? kMergedFile : kConfig);
  auto config = io::JsonObject::read(file);
  if (!config) {
    throw FileError("adapter",
                    "{} cannot be read: {} is no folder with an adapter, or its run has not finished (then: "
                    "--resume {}).",
                    file.string(), folder.string(), shell_path(folder.string()));
  }
  return std::move(*config);
}

// Numbers that are none would be numbers everywhere behind them.
void refuse_not_finite(const fs::path& file, const nn::NamedTensors& tensors) {
  std::string wrong;
  for (const auto& [name, tensor] : tensors) {
    if (!tensor.is_floating_point()) continue;
    const auto count = tensor.numel() - tensor.to(at::kFloat).isfinite().sum().item<int64_t>();
    if (count > 0) wrong += fmt::format("\n  {}: {} of {} numbers", name, count, tensor.numel());
  }
  if (!wrong.empty()) {
    throw ModelError("adapter", "{} holds NaN or infinity, so nothing was loaded. Is its training run sound?{}",
                     file.string(), wrong);
  }
}

nn::NamedTensors read_finite(const fs::path& file) {
  auto tensors = nn::read_tensors(file);
  refuse_not_finite(file, tensors);
  return tensors;
}

// As PEFT does: the pickled file only where there is no other.
nn::NamedTensors read_adapter_tensors(const fs::path& folder) {
  if (fs::exists(folder / kTensors)) return read_finite(folder / kTensors);
  if (!fs::exists(folder / kPickled)) {
    for (const char* index : {"adapter_model.safetensors.index.json", "adapter_model.bin.index.json"}) {
      if (fs::exists(folder / index)) {
        throw ModelError("adapter", "{}: an adapter in shards is not read. Write it as one {}.",
                         (folder / index).string(), kTensors);
      }
    }
    throw FileError("adapter", "{} has an {}, but neither {} nor {}. Is the copy complete?", folder.string(), kConfig,
                    kTensors, kPickled);
  }
  const auto weights = io::Weights::open(folder / kPickled);
  nn::NamedTensors tensors;
  for (const auto& [name, view] : weights.tensors())
    tensors[name] = nn::to_tensor(weights.at(name)).clone();
  refuse_not_finite(folder / kPickled, tensors);
  return tensors;
}

models::HeadKind classifier_of(const io::JsonObject& graft) {
  const auto word = graft.need<std::string>("classifier");
  for (const auto kind : {models::HeadKind::linear, models::HeadKind::prompts, models::HeadKind::own}) {
    if (to_string(kind) == word) return kind;
  }
  graft.refuse(graft.name_of("classifier"), "linear or prompts", &graft.raw("classifier"));
}

// Another shape than a square is the base's own: nobody asked for it.
int64_t square_size(const io::JsonObject& base) {
  const auto crop = base.object("preprocessing").get("crop", std::vector<int64_t>{});
  const auto size = base.need<int64_t>("image_size");
  return crop.size() == 2 && crop[0] != crop[1] ? 0 : size;
}

AdapterInfo own_info(const io::JsonObject& graft) {
  if (const auto version = graft.get("version", kVersion); version > kVersion) {
    throw ModelError("adapter", "{} is of version {}, this graft reads up to {}. Use a newer graft.", graft.file(),
                     version, kVersion);
  }
  if (graft.get<std::string>("task", "") == kNextToken)
    throw ModelError("adapter",
                     "{} is a language model's: `graft lm score`, `generate` and `prompt` take it as their --adapter, "
                     "and `graft lm export` writes it for other programs, or its model with it.",
                     graft.file());
  const auto base = graft.object("base");
  AdapterInfo info;
  info.base = base.need<std::string>("name");
  info.text_model = base.get("text_model", info.text_model);
  info.fingerprint = base.need<std::string>("fingerprint");
  info.family = base.need<std::string>("family");
  info.layout = base.need<std::string>("layout");
  info.image_size = square_size(base);
  info.method = graft.need<std::string>("method");
  const auto options = graft.object("options");
  for (const auto& key : options.keys())
    info.method_options[key] = options.need<std::string>(key);
  info.classifier = classifier_of(graft);
  info.block = graft.get("block", info.block);
  info.loss = graft.get("loss", info.loss);
  info.task = tasks::find_task(graft.get("task", info.task)).name;
  info.classes = graft.need<std::vector<std::string>>("classes");
  info.outputs = graft.get("outputs", static_cast<int64_t>(info.classes.size()));
  info.frames = graft.get("frames", info.frames);
  info.classes_made_up = graft.get("classes_made_up", false);
  info.templates = graft.need<std::vector<std::string>>("templates");
  info.shots = graft.need<int64_t>("shots");
  info.train_size = graft.need<int64_t>("train_size");
  info.seed = graft.need<int64_t>("seed");
  info.precision = graft.need<std::string>("precision");
  if (info.fingerprint.empty()) {
    base.refuse(base.name_of("fingerprint"), "the fingerprint of a model", &base.raw("fingerprint"));
  }
  const auto told = base.object("told");
  for (const auto& key : told.keys())
    info.told[key] = told.need<std::string>(key);
  return info;
}

// Names of the classes of a classifier that PEFT saved, as the config.json of the adapter or of its base says them.
// transformers calls classes LABEL_0, LABEL_1 ... where nobody named them.
std::vector<std::string> class_names(const fs::path& folder, const std::string& base, int64_t count) {
  std::vector<fs::path> configs = {folder / "config.json"};
  if (!base.empty()) configs.push_back(fs::path(base) / "config.json");
  for (const auto& file : configs) {
    const auto config = io::JsonObject::read(file);
    if (!config) continue;
    const auto labels = config->object("id2label");
    std::vector<std::string> names;
    for (int64_t i = 0; i < count; ++i) {
      const auto name = labels.find<std::string>(std::to_string(i));
      if (name && *name != fmt::format("LABEL_{}", i)) names.push_back(*name);
    }
    if (static_cast<int64_t>(names.size()) == count && static_cast<int64_t>(labels.keys().size()) == count)
      return names;
  }
  return {};
}

// The method that reads PEFT's adapters of a type.
const methods::Entry& reader_of(const io::JsonObject& config) {
  const auto type = config.find<std::string>("peft_type");
  if (!type) {
    throw FileError("adapter", "{}: neither \"graft\" nor \"peft_type\" in it; what adapter is this?", config.file());
  }
  std::vector<std::string> known;
  for (const methods::Entry* entry : methods::entries()) {
    if (entry->from_peft == nullptr) continue;
    if (*type == entry->peft_type) return *entry;
    known.emplace_back(entry->peft_type);
  }
  throw ModelError(
      "adapter",
      "{}: peft_type = \"{}\": of PEFT's adapters graft reads {} alone. In PEFT, merge it into its base if "
      "its type can be merged (merge_and_unload), save that, and give graft the merged model.",
      config.file(), *type, fmt::join(known, ", "));
}

// An adapter that PEFT wrote says not which weights it was trained on, and of the classes at most how many there are.
AdapterInfo foreign_info(const io::JsonObject& config, const fs::path& folder) {
  const auto& entry = reader_of(config);
  AdapterInfo info;
  info.base = config.get("base_model_name_or_path", std::string());
  info.method = entry.name;
  if (entry.peft_head == nullptr) return info;  // PEFT saves no classifier with such
  const auto head = entry.peft_head(config, read_adapter_tensors(folder));
  if (!head.weight.defined()) return info;
  info.classes = class_names(folder, info.base, head.weight.size(0));
  info.classes_made_up = info.classes.empty();
  for (int64_t i = 0; info.classes_made_up && i < head.weight.size(0); ++i)
    info.classes.push_back(fmt::format("class_{}", i));
  return info;
}

// What the plug-ins in the network learned and gathered, by site.
nn::NamedTensors block_tensors(const methods::Adapted& adapted) {
  nn::NamedTensors tensors;
  for (const auto& binding : adapted.blocks) {
    const auto prefix = fmt::format("{}.{}.", binding.sites.front(), binding.method);
    for (const auto& parameter : binding.insert->named_parameters())
      tensors[prefix + parameter.key()] = parameter.value().detach().contiguous();
    for (const auto& buffer : binding.insert->named_buffers())
      tensors[prefix + buffer.key()] = buffer.value();
  }
  return tensors;
}

// None for class prompts.
nn::NamedTensors head_tensors(const models::Head& head) {
  nn::NamedTensors tensors;
  for (const auto& parameter : head.named_parameters())
    tensors[parameter.key()] = parameter.value();
  return tensors;
}

// What does not fit, a line each.
std::string assign_head(const models::Head& head, const fs::path& file) {
  const torch::NoGradGuard no_grad;
  const auto wanted = head_tensors(head);
  if (wanted.empty()) return {};
  const auto found = read_finite(file);
  std::string wrong;
  for (const auto& [name, tensor] : wanted) {
    const auto it = found.find(name);
    if (it == found.end()) {
      wrong += fmt::format("\n  head.{}: missing", name);
    } else if (it->second.sizes() != tensor.sizes()) {
      wrong += fmt::format("\n  head.{}: shape [{}], expected [{}]", name, fmt::join(it->second.sizes(), ", "),
                           fmt::join(tensor.sizes(), ", "));
    } else {
      tensor.detach().copy_(it->second);
    }
  }
  for (const auto& [name, tensor] : found) {
    if (!wanted.contains(name)) wrong += fmt::format("\n  head.{}: unexpected", name);
  }
  return wrong;
}

// Its linear head, or, where it has none that serves, one that nobody asks.
std::shared_ptr<models::Head> foreign_head(const methods::ForeignHead& saved, const methods::Setting& setting) {
  Random random(0);  // zeros draw nothing
  const auto zeros = models::HeadInit::zero;
  if (setting.classes.empty()) {
    const auto& reader = setting.model->reader();
    return std::make_shared<models::LinearHead>(reader.width(reader.last()), 1, zeros, random);
  }
  const torch::NoGradGuard no_grad;
  auto head = std::make_shared<models::LinearHead>(saved.weight.size(1), saved.weight.size(0), zeros, random);
  head->weight.copy_(saved.weight);
  head->bias.copy_(saved.bias);
  return head;
}

// The model's own parameters of these names, as they are.
nn::NamedTensors copies_of(const std::vector<std::string>& names, const models::Model& model) {
  nn::NamedTensors copies;
  const auto parameters = model.named_parameters();
  for (const auto& name : names)
    copies[name] = tensor::numbers_of(parameters[name].detach()).to(at::kFloat).clone();
  return copies;
}

methods::Adapted load_foreign(const fs::path& folder, std::shared_ptr<models::Model> model, const AdapterInfo& info,
                              nn::NamedTensors& before, Reporter& report) {
  const auto config = read_config_json(folder);
  auto foreign = reader_of(config).from_peft(config, read_adapter_tensors(folder), *model);
  auto setting = setting_of(info, std::move(model));
  if (!foreign.headless.empty()) setting.classes.clear();
  auto head = foreign_head(foreign.head, setting);
  auto adapted =
      methods::assemble(std::move(setting), std::move(foreign.method), std::move(head), std::move(foreign.adaptation));
  adapted.headless = std::move(foreign.headless);
  before = copies_of(adapted.adaptation.trained, *adapted.model);
  const torch::NoGradGuard no_grad;
  const auto parameters = adapted.model->named_parameters();
  for (const auto& [name, value] : foreign.parameters)
    parameters[name].detach().copy_(value);
  for (const auto& note : foreign.notes)
    report.note(note);
  return adapted;
}

}  // namespace

methods::Setting setting_of(const AdapterInfo& info, std::shared_ptr<models::Model> model) {
  return {.model = std::move(model),
          .classes = info.classes,
          .shots = info.shots,
          .train_size = info.train_size,
          .target = tasks::find_task(info.task).target,
          .outputs = info.outputs,
          .frames = info.frames,
          .templates = info.templates,
          .loss = info.loss};
}

methods::Adapted build_adapted(std::shared_ptr<models::Model> model, std::unique_ptr<methods::Method> method,
                               const AdapterInfo& info,
                               const std::function<void(const methods::Adaptation&)>& attached) {
  methods::BuildOptions options{
      .make_head = tasks::find_task(info.task).head, .seed = static_cast<uint64_t>(info.seed), .attached = attached};
  if (!info.block.empty()) {
    options.blocks = [&info](models::Model& of) {
      return plugins::place_blocks(info.block, of, Random(static_cast<uint64_t>(info.seed)).fork("blocks"));
    };
  }
  if (info.classifier != models::HeadKind::own) options.head = info.classifier;
  return methods::build_adapted(setting_of(info, std::move(model)), std::move(method), options);
}

json describe_adapter(const AdapterInfo& info, const models::ModelInfo& model) {
  json described = {{"version", info.block.empty() ? kWithoutBlocks : kVersion},
                    {"method", info.method},
                    {"options", info.method_options},
                    {"classifier", to_string(info.classifier)},
                    {"task", info.task},
                    {"classes", info.classes},
                    {"outputs", info.head_outputs()},
                    {"templates", info.templates},
                    {"shots", info.shots},
                    {"train_size", info.train_size},
                    {"seed", info.seed},
                    {"precision", info.precision},
                    {"base",
                     {{"name", info.base},
                      {"fingerprint", model.fingerprint},
                      {"family", model.family},
                      {"layout", model.layout},
                      {"description", model.description},
                      {"image_size", info.image_size},
                      {"told", info.told},
                      {"notes", number_notes(model)},
                      {"preprocessing", describe(model.preprocessing)}}}};
  if (!info.text_model.empty()) described["base"]["text_model"] = info.text_model;
  if (info.frames > 1) described["frames"] = info.frames;
  if (!info.block.empty()) described["block"] = info.block;
  if (!info.loss.empty()) described["loss"] = info.loss;
  return described;
}

std::string save_head(const fs::path& folder, const models::Head& head) {
  const auto tensors = head_tensors(head);
  if (tensors.empty()) return {};
  nn::write_tensors(folder / kHead, tensors, {{"format", "pt"}});
  return kHead;
}

int64_t save_adapter(const fs::path& folder, const methods::Adapted& adapted, const AdapterInfo& info) {
  nn::write_tensors(folder / kTensors, adapted.method->to_disk(*adapted.model, adapted.adaptation), {{"format", "pt"}});
  const auto blocks = block_tensors(adapted);
  if (!blocks.empty()) nn::write_tensors(folder / kBlocks, blocks, {{"format", "pt"}});
  const auto head = save_head(folder, *adapted.head);
  const auto& model = adapted.model->info();
  json config = adapted.method->peft_config(*adapted.model, adapted.adaptation);
  config["base_model_name_or_path"] = info.base;
  config["graft"] = describe_adapter(info, model);
  const std::string text = config.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
  write_file_atomically(folder / kConfig, text);
  auto bytes = static_cast<int64_t>(text.size()) + static_cast<int64_t>(fs::file_size(folder / kTensors));
  if (!blocks.empty()) bytes += static_cast<int64_t>(fs::file_size(folder / kBlocks));
  if (!head.empty()) bytes += static_cast<int64_t>(fs::file_size(folder / head));
  return bytes;
}

void save_without_head(const fs::path& folder, const methods::Adapted& adapted, const std::string& base) {
  nn::write_tensors(folder / kTensors, adapted.method->to_disk(*adapted.model, adapted.adaptation), {{"format", "pt"}});
  json config = adapted.method->peft_config(*adapted.model, adapted.adaptation);
  config["base_model_name_or_path"] = base;
  write_file_atomically(folder / kConfig, config.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
}

AdapterInfo read_adapter_info(const fs::path& named) {
  const auto folder = adapter_folder(named);
  const auto config = read_config_json(folder);
  const auto graft = config.find_object("graft");
  AdapterInfo info = graft ? own_info(*graft) : foreign_info(config, folder);
  info.merged = is_merged(folder);
  if (info.merged) info.base = folder.string();
  return info;
}

namespace {

// `before`: of the model's own parameters that it changes, what they were.
methods::Adapted load_whole(const fs::path& folder, std::shared_ptr<models::Model> model, Reporter& report,
                            bool force_base, nn::NamedTensors& before) {
  const AdapterInfo info = read_adapter_info(folder);
  if (info.foreign()) return load_foreign(folder, std::move(model), info, before, report);
  if (info.fingerprint != model->info().fingerprint && !force_base) {
    throw ModelError("adapter",
                     "{} was trained on {} (fingerprint {}...), got {} ({}...). Nothing was loaded. "
                     "--force-base if you know better.",
                     folder.string(), info.base, info.fingerprint.substr(0, 8), model->info().source,
                     model->info().fingerprint.substr(0, 8));
  }
  auto method = methods::make_method(info.method, info.method_options);
  if (info.merged) method = merged_method(std::move(method));
  const auto& own = *model;
  methods::Adapted adapted = build_adapted(model, std::move(method), info, [&](const methods::Adaptation& adaptation) {
    before = copies_of(adaptation.trained, own);
  });
  const std::string wrong_head = assign_head(*adapted.head, folder / kHead);
  try {
    if (!info.merged) adapted.method->from_disk(*adapted.model, read_adapter_tensors(folder), adapted.adaptation);
  } catch (const ModelError& error) {
    if (wrong_head.empty()) throw;
    throw ModelError("adapter", "{} does not fit:{}\n  and {}", folder.string(), wrong_head, error.what());
  }
  if (!wrong_head.empty()) {
    throw ModelError("adapter", "{} does not fit {}:{}", folder.string(), adapted.model->info().source, wrong_head);
  }
  if (!adapted.blocks.empty()) {
    const torch::NoGradGuard no_grad;
    methods::copy_by_name("block", *adapted.model, read_finite(folder / kBlocks), block_tensors(adapted));
  }
  adapted.head->forget();
  return adapted;
}

methods::Adapted load_part(const NamedAdapter& part, std::shared_ptr<models::Model> model, Reporter& report,
                           bool force_base) {
  nn::NamedTensors before;
  auto adapted = load_whole(part.folder, std::move(model), report, force_base, before);
  if (part.scale == 1) return adapted;
  const auto name = fmt::format("{}:{}", part.folder.string(), part.scale);
  const auto refuse = [&](const char* why) { throw ModelError("adapter", "{}: {}. Leave the number out.", name, why); };
  if (is_merged(part.folder)) refuse("it is merged, and a model by itself: there is nothing left to take a part of");
  if (!adapted.blocks.empty()) refuse("its plug-ins in the network have no part");
  if (!adapted.adaptation.by_batch.empty())
    refuse("its batch norms gathered statistics of their own, which have no part");
  adapted.adaptation = methods::scaled(adapted.adaptation, part.scale, *adapted.model, name);
  methods::scale_parameters(before, part.scale, *adapted.model);
  adapted.install();
  adapted.head->forget();
  return adapted;
}

}  // namespace

methods::Adapted load_adapter(const fs::path& named, std::shared_ptr<models::Model> model, Reporter& report,
                              bool force_base) {
  const auto parts = named_adapters(named.string());
  auto adapted = load_part(parts.front(), model, report, force_base);
  for (size_t i = 1; i < parts.size(); ++i) {
    const auto outer = load_part(parts[i], model, report, force_base);
    if (!outer.blocks.empty())
      throw ModelError("adapter", "{}: plug-ins in the network cannot stand on another adapter.", named.string());
    adapted.adaptation = methods::stacked(adapted.adaptation, outer.adaptation, *model, named.string());
    report.note({.text = fmt::format("{} stands on {}, whose classifier answers", parts[i].folder.string(),
                                     parts.front().folder.string())});
  }
  if (parts.size() > 1) {
    adapted.install();
    adapted.head->forget();
  }
  return adapted;
}

}  // namespace graft::engine
