#include "coordinator/scheduler/spec_bounds.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/strings/match.h"
#include "coordinator/scheduler/job_kinds.h"
#include "coordinator/scheduler/training_bounds.h"

namespace bonsai {
namespace {

constexpr size_t kTextBytesMax = 64 << 10;
constexpr int kMixturePartsMax = 64;
constexpr double kMixtureWeightMin = 1e-6;
constexpr double kMixtureWeightMax = 1e6;

bool IsSha256(const std::string& text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

// The bounds of an elastic gang; 0 stands for `ranks`.
void CheckElastic(const v1::JobSpec& spec, ProblemList& problems) {
  const v1::Resources& resources = spec.resources();
  const uint32_t ranks = std::max(resources.ranks(), 1u);
  if (resources.min_ranks() > ranks) {
    problems.Add("resources.min_ranks", resources.min_ranks(),
                 absl::StrCat("must be from 1 to resources.ranks, which is ", ranks, ", or 0 for that"));
  }
  if (resources.max_ranks() == 0) return;
  const uint32_t most = spec.has_pretrain() ? std::min(spec.pretrain().batch_sequences(), 1024u)
                        : spec.has_sft()    ? std::min(spec.sft().batch_sequences(), 1024u)
                                            : 1u;
  if (resources.max_ranks() < ranks || resources.max_ranks() > std::max(most, ranks)) {
    problems.Add(
        "resources.max_ranks", resources.max_ranks(),
        absl::StrCat("must be from resources.ranks, which is ", ranks, ", to ", std::max(most, ranks),
                     most > 1 ? ", for every rank takes a sequence of each batch" : "", ", or 0 for ranks"));
  }
}

void CheckResources(const v1::JobSpec& spec, ProblemList& problems) {
  const v1::Resources& resources = spec.resources();
  CheckRange("resources.ranks", resources.ranks(), 0u, 1024u, problems);
  CheckRange("resources.cpus", resources.cpus(), 0u, 4096u, problems);
  CheckRange("resources.memory_bytes", resources.memory_bytes(), uint64_t{0}, uint64_t{1} << 46, problems);
  CheckRange("resources.gpus", resources.gpus(), 0u, 1024u, problems);
  CheckRange("max_attempts", spec.max_attempts(), 0u, 100u, problems);
  CheckRange("priority", spec.priority(), -1000, 1000, problems);
  CheckElastic(spec, problems);
  if (resources.ranks() > 1 && !spec.has_pretrain() && !spec.has_sft()) {
    problems.Add("resources.ranks", resources.ranks(),
                 absl::StrCat("must be 1 or 0: a ", JobKind(spec),
                              " job is one process; pretrain and sft may have more"));
  }
}

// "2024-04-18": a day of the calendar.
bool IsDay(const std::string& text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  int numbers[3] = {0, 0, 0};
  for (size_t i = 0, part = 0; i < text.size(); ++i) {
    if (text[i] == '-' && (i == 4 || i == 7)) {
      ++part;
    } else if (text[i] >= '0' && text[i] <= '9') {
      numbers[part] = 10 * numbers[part] + (text[i] - '0');
    } else {
      return false;
    }
  }
  const auto [year, month, day] = numbers;
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month < 1 || month > 12) return false;
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return day >= 1 && day <= kDays[month - 1] + (month == 2 && leap ? 1 : 0);
}

// What a source reads: files, or a URL.
void CheckSourceFiles(const std::string& field, const v1::DataSpec::Source& source, ProblemList& problems) {
  for (int i = 0; i < source.paths_size(); ++i) {
    if (source.paths(i).empty())
      problems.AddText(absl::StrCat(field, ".paths[", i, "]"), "", "must name a file");
  }
  if (!source.sha256().empty() && !IsSha256(source.sha256())) {
    problems.AddText(field + ".sha256", source.sha256(), "must be 64 lower-case hexadecimal digits");
  }
  if (source.url().empty()) {
    if (source.paths().empty()) problems.AddLine(field + ".paths is empty: must name at least one file");
    if (source.sha256().empty() || source.paths_size() == 1) return;
    problems.AddLine(absl::StrCat(field, ".paths has ", source.paths_size(),
                                  " entries: with a sha256 there must be exactly one file"));
    return;
  }
  const bool visible =
      std::all_of(source.url().begin(), source.url().end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (!visible || !(absl::StartsWith(source.url(), "https://") || absl::StartsWith(source.url(), "http://")))
    problems.AddText(field + ".url", source.url(), "must be an https or http URL");
  if (!source.paths().empty())
    problems.AddLine(field + ".url is set, and so is paths: a source has one of them");
  if (source.sha256().empty())
    problems.AddText(field + ".sha256", "", "must be set where there is a url: 64 hexadecimal digits");
}

void CheckSource(const std::string& field, const v1::DataSpec::Source& source, ProblemList& problems) {
  if (source.dataset().empty()) {
    problems.AddText(field + ".dataset", "", "must be the data set's name, such as c4 or alpaca");
  }
  const auto* format = v1::DataSpec::Format_descriptor()->FindValueByNumber(source.format());
  if (format == nullptr || format->number() == 0) {
    problems.Add(field + ".format", static_cast<int>(source.format()),
                 "must be C4_JSON_GZ, ALPACA_JSON, COMMONSENSEQA_JSONL, JSON_LINES, JSON_ARRAY, CSV, TEXT or "
                 "SEALED");
  }
  CheckSourceFiles(field, source, problems);
  if (!source.records_field().empty() && source.format() != v1::DataSpec::JSON_ARRAY) {
    problems.AddText(field + ".records_field", source.records_field(),
                     "must be empty: only the format JSON_ARRAY has one");
  }
  if (!source.published().empty() && !IsDay(source.published()))
    problems.AddText(field + ".published", source.published(), "must be a day such as 2024-04-18");
}

void CheckTokenizer(const v1::TokenizerSpec& spec, ProblemList& problems) {
  CheckRange("tokenizer.vocab_size", spec.vocab_size(), 300u, 65535u, problems);
  if (v1::TokenizerSpec::Algorithm_IsValid(spec.algorithm())) return;
  problems.Add("tokenizer.algorithm", static_cast<int>(spec.algorithm()),
               "must be SENTENCEPIECE_BPE or BYTE_LEVEL_BPE");
}

void CheckData(const v1::DataSpec& spec, ProblemList& problems) {
  if (spec.checkpoint_every_bytes() != 0) {
    CheckRange("data.checkpoint_every_bytes", spec.checkpoint_every_bytes(), uint64_t{1} << 16,
               uint64_t{1} << 46, problems);
  }
  if (spec.sources().empty()) problems.AddLine("data.sources is empty: must have at least one source");
  for (int i = 0; i < spec.sources_size(); ++i) {
    CheckSource(absl::StrCat("data.sources[", i, "]"), spec.sources(i), problems);
  }
}

void CheckPack(const v1::PackSpec& spec, ProblemList& problems) {
  if (spec.shard_tokens() != 0) {
    CheckRange("pack.shard_tokens", spec.shard_tokens(), uint64_t{1024}, uint64_t{1} << 30, problems);
  }
  CheckRange("pack.checkpoint_every_shards", spec.checkpoint_every_shards(), 0u, 100'000u, problems);
  CheckRange("pack.mixture_tokens", spec.mixture_tokens(), uint64_t{0}, uint64_t{1} << 46, problems);
  if (!spec.mixture().empty() && !spec.corpus().empty()) {
    problems.AddText("pack.corpus", spec.corpus(), "must be left out where there is a mixture");
  }
  if (spec.mixture().empty() && spec.mixture_tokens() > 0) {
    problems.Add("pack.mixture_tokens", spec.mixture_tokens(), "must be 0 without a mixture");
  }
  if (spec.mixture_size() > kMixturePartsMax) {
    problems.AddLine(absl::StrCat("pack.mixture has ", spec.mixture_size(), " parts: must have at most ",
                                  kMixturePartsMax));
  }
  for (int i = 0; i < spec.mixture_size(); ++i) {
    const double weight = spec.mixture(i).weight();
    if (weight >= kMixtureWeightMin && weight <= kMixtureWeightMax) continue;
    problems.Add(absl::StrCat("pack.mixture[", i, "].weight"), weight,
                 absl::StrCat("must be from ", kMixtureWeightMin, " to ", kMixtureWeightMax));
  }
}

void CheckTarget(const std::string& field, const std::string& target, ProblemList& problems) {
  if (target == "host" || target == "android-arm64" || target == "duo-64m") return;
  problems.AddText(field, target, "must be host, android-arm64 or duo-64m");
}

void CheckEvaluate(const v1::EvaluateSpec& spec, ProblemList& problems) {
  if (!spec.has_bits_per_byte() && !spec.has_commonsenseqa() && spec.suites().empty()) {
    problems.AddLine("evaluate has no suite: must have bits_per_byte, commonsenseqa or suites");
  }
  CheckRange("evaluate.batch_requests", spec.batch_requests(), 0u, 1'000'000u, problems);
  if (spec.has_commonsenseqa() && spec.commonsenseqa().profile() != "lmeval") {
    problems.AddText("evaluate.commonsenseqa.profile", spec.commonsenseqa().profile(), "must be lmeval");
  }
}

void CheckExport(const v1::ExportSpec& spec, ProblemList& problems) {
  if (spec.formats().empty())
    problems.AddLine("export.formats is empty: must have HUGGING_FACE, LLAMA2C, GGUF_F32 or GGUF_F16");
  absl::btree_set<int> seen;
  for (int i = 0; i < spec.formats_size(); ++i) {
    const std::string field = absl::StrCat("export.formats[", i, "]");
    const auto* format = v1::ExportSpec::Format_descriptor()->FindValueByNumber(spec.formats(i));
    if (format == nullptr || format->number() == 0) {
      problems.Add(field, static_cast<int>(spec.formats(i)),
                   "must be HUGGING_FACE, LLAMA2C, GGUF_F32 or GGUF_F16");
    } else if (!seen.insert(spec.formats(i)).second) {
      problems.Add(field, format->name(), "is there twice");
    }
  }
}

void CheckBenchmark(const v1::BenchmarkSpec& spec, ProblemList& problems) {
  CheckTarget("benchmark.target", spec.target(), problems);
  CheckRange("benchmark.decode_tokens", spec.decode_tokens(), 1u, 100'000u, problems);
  CheckRange("benchmark.runs", spec.runs(), 1u, 1000u, problems);
  CheckRange("benchmark.warmup_runs", spec.warmup_runs(), 0u, 1000u, problems);
}

void CheckSubmission(const v1::SubmissionSpec& spec, ProblemList& problems) {
  if (spec.name().empty() || spec.name().size() > 128) {
    problems.AddText("submission.name", spec.name(), "must have 1 to 128 bytes");
  }
}

// No text may be larger than a job record can well hold.
void CheckTextSizes(const google::protobuf::Message& message, const std::string& path,
                    ProblemList& problems) {
  const auto& reflection = *message.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const auto* field : fields) {
    const std::string name = absl::StrCat(path, path.empty() ? "" : ".", field->name());
    const int count = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      const std::string element = field->is_repeated() ? absl::StrCat(name, "[", i, "]") : name;
      if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) {
        CheckTextSizes(field->is_repeated() ? reflection.GetRepeatedMessage(message, field, i)
                                            : reflection.GetMessage(message, field),
                       element, problems);
      } else if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_STRING) {
        const size_t size = (field->is_repeated() ? reflection.GetRepeatedString(message, field, i)
                                                  : reflection.GetString(message, field))
                                .size();
        if (size <= kTextBytesMax) continue;
        problems.AddLine(absl::StrCat(element, " has ", size, " bytes: must have at most ", kTextBytesMax));
      }
    }
  }
}

// What a data job reads may change under the same name; only bytes that the spec itself names may not.
void CheckReuse(const v1::JobSpec& spec, ProblemList& problems) {
  if (!spec.reuse()) return;
  for (int i = 0; i < spec.data().sources_size(); ++i) {
    if (!spec.data().sources(i).sha256().empty()) continue;
    problems.AddLine(absl::StrCat("data.sources[", i, "].sha256 is missing: a job with reuse must say which ",
                                  "bytes it reads, for its files may have changed"));
  }
}

}  // namespace

void CheckSpecBounds(const v1::JobSpec& spec, ProblemList& problems) {
  CheckResources(spec, problems);
  CheckTextSizes(spec, "", problems);
  CheckReuse(spec, problems);
  const uint32_t ranks = std::max({spec.resources().ranks(), spec.resources().max_ranks(), 1u});
  switch (spec.spec_case()) {
    case v1::JobSpec::kData:
      return CheckData(spec.data(), problems);
    case v1::JobSpec::kTokenizer:
      return CheckTokenizer(spec.tokenizer(), problems);
    case v1::JobSpec::kPack:
      return CheckPack(spec.pack(), problems);
    case v1::JobSpec::kPretrain:
      return CheckPretrain(spec.pretrain(), ranks, problems);
    case v1::JobSpec::kSft:
      return CheckSft(spec.sft(), ranks, problems);
    case v1::JobSpec::kEvaluate:
      return CheckEvaluate(spec.evaluate(), problems);
    case v1::JobSpec::kExport:
      return CheckExport(spec.export_(), problems);
    case v1::JobSpec::kBuild:
      return CheckTarget("build.target", spec.build().target(), problems);
    case v1::JobSpec::kBenchmark:
      return CheckBenchmark(spec.benchmark(), problems);
    case v1::JobSpec::kSubmission:
      return CheckSubmission(spec.submission(), problems);
    case v1::JobSpec::SPEC_NOT_SET:
      return;
  }
}

}  // namespace bonsai
