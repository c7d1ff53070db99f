#include "edge_runtime/farm/benchmark_runner.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bonsai/v1/report.pb.h"
#include "edge_runtime/farm/bench_output.h"
#include "edge_runtime/farm/elf_header.h"
#include "edge_runtime/farm/reference_tokens.h"
#include "edge_runtime/farm/speed_statistics.h"
#include "google/protobuf/util/json_util.h"
#include "storage/file_bytes.h"
#include "storage/manifest.h"

namespace bonsai {
namespace {

constexpr char kBundleFile[] = "bonsai-bundle";
constexpr uint32_t kRunsDefault = 5;
constexpr uint32_t kRunsMax = 1000;
constexpr uint32_t kDecodeTokensDefault = 64;
constexpr uint32_t kDecodeTokensMax = 100000;
constexpr size_t kElfFrontBytes = 64 << 10;
// For all runs together. A real device that needs longer is not one to ship to; an emulator runs once.
constexpr absl::Duration kTimeout = absl::Minutes(30);

absl::StatusOr<v1::BenchmarkSpec> ReadSpec(const v1::Task& task) {
  if (!task.spec().has_benchmark())
    return absl::InvalidArgumentError("the task's spec is not of kind benchmark");
  v1::BenchmarkSpec spec = task.spec().benchmark();
  if (spec.decode_tokens() == 0) spec.set_decode_tokens(kDecodeTokensDefault);
  if (spec.decode_tokens() < 2 || spec.decode_tokens() > kDecodeTokensMax) {
    return absl::InvalidArgumentError(absl::StrCat("benchmark.decode_tokens is ", spec.decode_tokens(),
                                                   "; valid are 2 to ", kDecodeTokensMax));
  }
  if (spec.runs() == 0) spec.set_runs(kRunsDefault);
  if (spec.runs() > kRunsMax || spec.warmup_runs() > kRunsMax) {
    return absl::InvalidArgumentError(absl::StrCat("benchmark.runs is ", spec.runs(), ", warmup_runs ",
                                                   spec.warmup_runs(), "; at most ", kRunsMax, " are valid"));
  }
  if (task.device().id().empty()) return absl::FailedPreconditionError("the task names no device to run on");
  if (task.device().target() != spec.target()) {
    return absl::FailedPreconditionError(absl::StrCat("device ", task.device().id(), " is of target \"",
                                                      task.device().target(), "\"; benchmark.target is \"",
                                                      spec.target(), "\""));
  }
  // An emulator's output is the same each time, and nothing else is looked at.
  if (task.device().emulated()) {
    spec.set_runs(1);
    spec.set_warmup_runs(0);
  }
  return spec;
}

absl::StatusOr<uint16_t> BundleMachine(const std::string& path) {
  std::string front;
  absl::Status read = ForEachChunk(path, kElfFrontBytes, [&front](absl::string_view chunk) {
    front = std::string(chunk);
    return absl::CancelledError("the front is enough");
  });
  if (!read.ok() && !absl::IsCancelled(read)) return read;
  absl::StatusOr<ElfHeader> header = ParseElfHeader(front);
  if (!header.ok()) return absl::DataLossError(absl::StrCat("the bundle: ", header.status().message()));
  return header->machine;
}

absl::StatusOr<std::vector<BenchRun>> RunOnDevice(DeviceTransport& device, const v1::BenchmarkSpec& spec,
                                                  const std::string& bundle_path) {
  absl::StatusOr<std::string> program = device.Push(bundle_path, kBundleFile);
  if (!program.ok()) return program.status();
  const std::vector<std::string> argv = {*program,
                                         "bench",
                                         absl::StrCat("--prompt=", spec.prompt()),
                                         absl::StrCat("--tokens=", spec.decode_tokens()),
                                         absl::StrCat("--runs=", spec.runs()),
                                         absl::StrCat("--warmup=", spec.warmup_runs())};
  absl::StatusOr<DeviceOutput> output = device.Run(argv, kTimeout);
  // What is on the device is removed, whatever came of it.
  absl::Status removed = device.Remove(kBundleFile);
  if (!output.ok()) return output.status();
  if (!removed.ok()) return removed;
  if (output->exit_code != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("the bundle ended with code ", output->exit_code,
                     " on the device: ", output->stderr_text.substr(0, 2000)));
  }
  absl::StatusOr<std::vector<BenchRun>> runs = ParseBenchOutput(output->stdout_text);
  if (!runs.ok()) return runs.status();
  if (runs->size() != spec.runs()) {
    return absl::DataLossError(
        absl::StrCat("the bundle reported ", runs->size(), " of ", spec.runs(), " runs"));
  }
  return runs;
}

// Every run has to give the reference's tokens.
void CompareOutput(const std::vector<BenchRun>& runs, const ReferenceTokens& reference,
                   v1::BenchmarkReport* report) {
  const size_t wanted = reference.token_ids.size();
  size_t equal = wanted;  // in the worst run
  bool same = true;
  for (const BenchRun& run : runs) {
    size_t i = 0;
    while (i < wanted && i < run.token_ids.size() && run.token_ids[i] == reference.token_ids[i]) ++i;
    equal = std::min(equal, i);
    same = same && run.token_ids == reference.token_ids && run.prefill_tokens == reference.prompt_tokens;
  }
  report->set_output_matches_reference(same);
  report->set_output_comparison(
      absl::StrCat(equal, " of ", wanted, " greedy tokens equal the reference (the engine's ",
                   "scalar kernels on this machine)", runs.size() > 1 ? " in every run" : ""));
  if (runs[0].prefill_tokens != reference.prompt_tokens) {
    report->set_output_comparison(absl::StrCat(report->output_comparison(), "; the prompt is ",
                                               runs[0].prefill_tokens, " tokens on the device, ",
                                               reference.prompt_tokens, " here"));
  }
}

void AddFigures(const std::vector<BenchRun>& runs, v1::BenchmarkReport* report) {
  std::vector<double> prefill, decode;
  uint64_t peak = 0;
  for (const BenchRun& run : runs) {
    prefill.push_back(run.prefill_tokens / run.prefill_seconds);
    decode.push_back(run.decode_tokens / run.decode_seconds);
    peak = std::max(peak, run.peak_rss_bytes);
  }
  *report->mutable_prefill_tokens_per_second() = SummarizeRuns(prefill);
  *report->mutable_decode_tokens_per_second() = SummarizeRuns(decode);
  report->set_peak_memory_bytes(peak);
  report->set_outlier_rule(kOutlierRule);
}

v1::BenchmarkReport MakeReport(const v1::Device& device, const v1::BenchmarkSpec& spec,
                               const std::vector<BenchRun>& runs) {
  v1::BenchmarkReport report;
  report.set_target(spec.target());
  report.set_device(device.description().empty() ? device.id() : device.description());
  if (!device.emulated()) report.set_device(absl::StrCat(report.device(), ", ", runs[0].kernels, " kernels"));
  if (device.emulated() && !absl::StrContains(report.device(), "emulated")) {
    report.set_device(absl::StrCat("emulated: ", report.device()));
  }
  report.set_emulated(device.emulated());
  report.set_runs(static_cast<uint32_t>(runs.size()));
  report.set_prompt_tokens(static_cast<uint32_t>(runs[0].prefill_tokens));
  report.set_decode_tokens(spec.decode_tokens());
  if (!device.emulated()) {
    AddFigures(runs, &report);
    return report;
  }
  const std::string reason =
      absl::StrCat(": emulated by ", device.transport(), ", whose figure is not the device's");
  for (const char* figure : {"prefill_tokens_per_second", "decode_tokens_per_second", "peak_memory_bytes"}) {
    report.add_not_measured(figure + reason);
  }
  return report;
}

absl::Status Publish(RunnerContext& context, const v1::BenchmarkReport& report) {
  v1::Manifest manifest;
  manifest.set_kind("benchmark");
  if (absl::Status added = AddBytes(context, report.SerializeAsString(), "report.binpb", manifest);
      !added.ok()) {
    return added;
  }
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(report, &json, options).ok()) {
    return absl::InternalError("the report cannot be written as JSON");
  }
  if (absl::Status added = AddBytes(context, json, "report.json", manifest); !added.ok()) return added;
  const std::pair<const char*, std::string> properties[] = {
      {"target", report.target()},
      {"device", report.device()},
      {"output_matches_reference", report.output_matches_reference() ? "true" : "false"},
  };
  for (const auto& [name, value] : properties) {
    v1::Property* property = manifest.add_properties();
    property->set_name(name);
    property->set_value(value);
  }
  return context.PublishOutput(std::move(manifest)).status();
}

}  // namespace

absl::Status RunBenchmarkOver(RunnerContext& context, const OpenTransport& open) {
  absl::StatusOr<v1::BenchmarkSpec> spec = ReadSpec(context.task());
  if (!spec.ok()) return spec.status();
  absl::StatusOr<InputArtifact> bundle = context.Input("benchmark.bundle");
  if (!bundle.ok()) return bundle.status();
  if (const std::string target = FindProperty(bundle->manifest, "target"); target != spec->target()) {
    return absl::FailedPreconditionError(absl::StrCat("benchmark.bundle is built for target \"", target,
                                                      "\"; benchmark.target is \"", spec->target(), "\""));
  }
  absl::StatusOr<std::string> path = context.InputPath(*bundle, kBundleFile);
  if (!path.ok()) return path.status();
  absl::StatusOr<uint16_t> machine = BundleMachine(*path);
  if (!machine.ok()) return machine.status();
  context.ReportProgress(0, spec->runs(), "runs");
  absl::StatusOr<ReferenceTokens> reference =
      ComputeReferenceTokens(*path, spec->prompt(), static_cast<int32_t>(spec->decode_tokens()));
  if (!reference.ok()) return reference.status();
  absl::StatusOr<std::unique_ptr<DeviceTransport>> device = open(*machine);
  if (!device.ok()) return device.status();
  absl::StatusOr<std::vector<BenchRun>> runs = RunOnDevice(**device, *spec, *path);
  if (!runs.ok()) return runs.status();
  context.ReportProgress(spec->runs(), spec->runs(), "runs");

  v1::BenchmarkReport report = MakeReport(context.task().device(), *spec, *runs);
  report.set_bundle_id(bundle->id);
  report.set_bundle_bytes(FindFile(bundle->manifest, kBundleFile)->blob().size_bytes());
  CompareOutput(*runs, *reference, &report);
  return Publish(context, report);
}

absl::Status RunBenchmark(RunnerContext& context) {
  return RunBenchmarkOver(context, [&context](uint16_t machine) {
    return OpenDeviceTransport(context.task().device(), context.task().work_dir(), machine,
                               [&context] { return context.StopRequested(); });
  });
}

}  // namespace bonsai
