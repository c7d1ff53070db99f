#include "edge_runtime/farm/build_runner.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bonsai/v1/target.pb.h"
#include "edge_runtime/engine/bundle.h"
#include "edge_runtime/farm/elf_header.h"
#include "edge_runtime/farm/engine_compiler.h"
#include "edge_runtime/farm/engine_sources.h"
#include "edge_runtime/model/json.h"
#include "runner/text_message.h"
#include "storage/atomic_file.h"
#include "storage/file_bytes.h"
#include "storage/manifest.h"
#include "storage/tokenizer_file.h"

namespace bonsai {
namespace {

constexpr char kBundleFile[] = "bonsai-bundle";
constexpr size_t kExecutableBytesMax = 256 << 20;

std::string KnownTargets(const std::string& share_dir) {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator entries(share_dir + "/targets", error);
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    names.push_back(entries->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names.empty() ? "none" : absl::StrJoin(names, ", ");
}

absl::StatusOr<v1::Target> ReadTarget(const std::string& share_dir, const std::string& name) {
  const bool is_name =
      !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") == name.npos;
  const std::string path = absl::StrCat(share_dir, "/targets/", name, "/target.textproto");
  if (!is_name || !std::filesystem::exists(path)) {
    return absl::InvalidArgumentError(
        absl::StrCat("build.target is \"", name, "\"; known are: ", KnownTargets(share_dir)));
  }
  v1::Target target;
  if (absl::Status read = ReadTextMessage(path, target); !read.ok()) return read;
  if (target.name() != name || target.compiler().empty() || target.elf_machine() <= 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": name, compiler and elf_machine are needed, and name is its folder's"));
  }
  return target;
}

absl::Status CheckExecutable(const std::string& path, const v1::Target& target) {
  absl::StatusOr<std::string> bytes = ReadFileBytes(path, kExecutableBytesMax);
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<ElfHeader> header = ParseElfHeader(*bytes);
  if (!header.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("what ", target.compiler(), " made: ", header.status().message()));
  }
  if (header->machine != target.elf_machine()) {
    return absl::FailedPreconditionError(
        absl::StrCat(target.compiler(), " made an executable for ", MachineName(header->machine), "; target ",
                     target.name(), " needs ", MachineName(static_cast<uint16_t>(target.elf_machine()))));
  }
  if (header->has_interpreter) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the executable for target ", target.name(), " needs a dynamic loader; its link_flags lack -static"));
  }
  return absl::OkStatus();
}

// Engine and model in one file.
absl::StatusOr<std::string> MakeBundle(RunnerContext& context, const InputArtifact& model,
                                       const v1::Target& target, const std::string& executable) {
  std::vector<edge::BundleSource> sections;
  for (const std::string& name : {std::string(edge::kBundleConfig), std::string(edge::kBundleWeights),
                                  TokenizerFileName(model.manifest)}) {
    absl::StatusOr<std::string> path = context.InputPath(model, name);
    if (absl::IsNotFound(path.status())) {
      return absl::FailedPreconditionError(absl::StrCat("build.model: artifact ", model.id.substr(0, 12),
                                                        " (", model.manifest.kind(), ") has no file ", name,
                                                        "; an export in the HUGGING_FACE format has it"));
    }
    if (!path.ok()) return path;
    sections.push_back({name, *std::move(path)});
  }
  const std::string description = context.task().work_dir() + "/" + edge::kBundleDescription;
  edge::JsonWriter json;
  json.BeginObject().Key("model").String(model.id).Key("target").String(target.name()).EndObject();
  if (absl::Status written = WriteFileAtomically(description, json.text()); !written.ok()) return written;
  sections.push_back({edge::kBundleDescription, description});
  const std::string bundle = absl::StrCat(context.task().work_dir(), "/", kBundleFile);
  std::string error;
  if (!edge::WriteBundle(bundle, executable, sections, &error)) {
    return absl::InternalError(absl::StrCat("cannot write the bundle: ", error));
  }
  return bundle;
}

}  // namespace

absl::Status RunBuild(RunnerContext& context) {
  const v1::Task& task = context.task();
  if (!task.spec().has_build()) return absl::InvalidArgumentError("the task's spec is not of kind build");
  absl::StatusOr<v1::Target> target = ReadTarget(task.share_dir(), task.spec().build().target());
  if (!target.ok()) return target.status();
  absl::StatusOr<InputArtifact> model = context.Input("build.model");
  if (!model.ok()) return model.status();
  absl::StatusOr<EngineSources> sources =
      ListEngineSources(std::filesystem::absolute(task.share_dir() + "/engine"));
  if (!sources.ok()) return sources.status();

  const uint32_t cpus = task.spec().resources().cpus();
  EngineCompiler compiler(
      *target, task.work_dir(), cpus > 0 ? static_cast<int>(cpus) : 1,
      [&] { return context.StopRequested(); },
      [&](size_t compiled, size_t total) { context.ReportProgress(compiled, total, "files"); });
  absl::StatusOr<std::string> version = compiler.Version();
  if (!version.ok()) return version.status();
  absl::StatusOr<std::string> executable = compiler.Compile(*sources);
  if (!executable.ok()) return executable.status();
  if (absl::Status checked = CheckExecutable(*executable, *target); !checked.ok()) return checked;
  absl::StatusOr<std::string> bundle = MakeBundle(context, *model, *target, *executable);
  if (!bundle.ok()) return bundle.status();

  v1::Manifest manifest;
  manifest.set_kind("bundle");
  if (absl::Status added = AddFile(context, *bundle, kBundleFile, manifest); !added.ok()) return added;
  const std::pair<const char*, std::string> properties[] = {
      {"target", target->name()},
      {"compiler", *version},
      {"compile_flags", absl::StrJoin(target->compile_flags(), " ")},
      {"engine_sources_sha256", sources->sha256},
  };
  for (const auto& [name, value] : properties) {
    v1::Property* property = manifest.add_properties();
    property->set_name(name);
    property->set_value(value);
  }
  return context.PublishOutput(std::move(manifest)).status();
}

}  // namespace bonsai
