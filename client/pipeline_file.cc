#include "client/pipeline_file.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/variables.h"

namespace bonsai {
namespace {

constexpr size_t kFileBytesMax = 1 << 20;
constexpr size_t kProblemsMax = 10;
// The tokenizer counts columns so.
constexpr size_t kTabWidth = 8;

// The byte at which a tokenizer's column lies.
size_t ByteOfColumn(absl::string_view line, size_t column) {
  size_t at = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    if (at >= column) return i;
    at += line[i] == '\t' ? kTabWidth - at % kTabWidth : 1;
  }
  return line.size();
}

// What fields there are, if the message is protobuf's about one that is not.
std::string ValidFields(const std::string& message) {
  const std::vector<std::string> quoted = absl::StrSplit(message, '"');
  if (quoted.size() < 4 || message.find("has no field named") == std::string::npos) return "";
  const auto* descriptor =
      google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(quoted[1]);
  if (descriptor == nullptr) return "";
  std::vector<std::string> names;
  for (int i = 0; i < descriptor->field_count(); ++i) names.push_back(descriptor->field(i)->name());
  return absl::StrCat(" It has: ", absl::StrJoin(names, ", "), ".");
}

class ProblemList : public google::protobuf::io::ErrorCollector {
 public:
  ProblemList(absl::string_view file, const ExpandedText& expanded)
      : file_(file), expanded_(expanded), lines_(absl::StrSplit(expanded.text, '\n')) {}

  void AddError(int line, google::protobuf::io::ColumnNumber column, const std::string& message) override {
    if (problems_.size() >= kProblemsMax) return;
    if (line < 0 || static_cast<size_t>(line) >= lines_.size()) {
      problems_.push_back(absl::StrCat(file_, ": ", message));
      return;
    }
    const size_t byte = ByteOfColumn(lines_[line], column < 0 ? 0 : column);
    problems_.push_back(absl::StrCat(file_, ":", line + 1, ":", expanded_.OriginalColumn(line, byte) + 1,
                                     ": ", message, ValidFields(message)));
  }
  void AddWarning(int, google::protobuf::io::ColumnNumber, const std::string&) override {}

  absl::Status ToStatus() const { return absl::InvalidArgumentError(absl::StrJoin(problems_, "\n")); }

 private:
  const absl::string_view file_;
  const ExpandedText& expanded_;
  const std::vector<absl::string_view> lines_;
  std::vector<std::string> problems_;
};

absl::StatusOr<std::string> ReadText(const std::string& path) {
  const auto failed = [&path](const char* what) {
    const int code = errno;
    return absl::Status(code == ENOENT ? absl::StatusCode::kNotFound : absl::StatusCode::kFailedPrecondition,
                        absl::StrCat(path, ": ", what, ": ", std::strerror(code)));
  };
  const bool is_input = path == "-";
  FILE* const opened = is_input ? stdin : std::fopen(path.c_str(), "rbe");
  if (opened == nullptr) return failed("cannot open the pipeline file");
  const std::unique_ptr<FILE, int (*)(FILE*)> closed(is_input ? nullptr : opened, std::fclose);
  std::string text(kFileBytesMax + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), opened));
  if (std::ferror(opened)) return failed("cannot read the pipeline file");
  if (text.size() > kFileBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": is larger than 1 MiB, so it is no pipeline file"));
  }
  return text;
}

}  // namespace

absl::StatusOr<v1::Pipeline> ParsePipeline(absl::string_view text, absl::string_view file,
                                           const std::map<std::string, std::string>& settings) {
  const auto expanded = ReplaceVariables(text, file, settings);
  if (!expanded.ok()) return expanded.status();
  ProblemList problems(file, *expanded);
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&problems);
  parser.SetRecursionLimit(32);
  v1::Pipeline pipeline;
  if (!parser.ParseFromString(expanded->text, &pipeline)) return problems.ToStatus();
  if (pipeline.jobs().empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(file, ": has no jobs; a pipeline needs at least one jobs { ... }"));
  }
  return pipeline;
}

absl::StatusOr<v1::Pipeline> ReadPipelineFile(const std::string& path,
                                              const std::map<std::string, std::string>& settings) {
  const auto text = ReadText(path);
  if (!text.ok()) return text.status();
  auto pipeline = ParsePipeline(*text, path == "-" ? "standard input" : path, settings);
  if (!pipeline.ok()) return pipeline;
  char here[PATH_MAX];
  if (getcwd(here, sizeof(here)) != nullptr) MakeDataPathsAbsolute(here, *pipeline);
  return pipeline;
}

void MakeDataPathsAbsolute(absl::string_view dir, v1::Pipeline& pipeline) {
  for (v1::JobSpec& job : *pipeline.mutable_jobs()) {
    if (!job.has_data()) continue;
    for (v1::DataSpec::Source& source : *job.mutable_data()->mutable_sources()) {
      for (std::string& path : *source.mutable_paths()) {
        if (!path.empty() && path[0] != '/') path = absl::StrCat(dir, dir == "/" ? "" : "/", path);
      }
    }
  }
}

}  // namespace bonsai
