#include "client/estimate_verb.h"

#include <google/protobuf/text_format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/pipeline_file.h"
#include "client/sibling_program.h"

namespace bonsai {
namespace {

// A file in memory alone, which the program that this process becomes inherits. Returns its path.
absl::StatusOr<std::string> FileInMemory(const std::string& text) {
  const int fd = memfd_create("pipeline", 0);
  if (fd < 0) return absl::InternalError(absl::StrCat("memfd_create: ", std::strerror(errno)));
  for (size_t at = 0; at < text.size();) {
    const ssize_t written = write(fd, text.data() + at, text.size() - at);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return absl::InternalError(absl::StrCat("write: ", std::strerror(errno)));
    at += static_cast<size_t>(written);
  }
  return absl::StrCat("/proc/self/fd/", fd);
}

}  // namespace

absl::StatusOr<int> RunEstimate(const EstimateOptions& options, Session& session) {
  const auto pipeline = ReadPipelineFile(options.file, options.settings);
  if (!pipeline.ok()) return pipeline.status();
  std::string text;
  google::protobuf::TextFormat::PrintToString(*pipeline, &text);
  const absl::StatusOr<std::string> path = FileInMemory(text);
  if (!path.ok()) return path.status();
  std::vector<std::string> arguments = {absl::StrCat("--pipeline=", *path),
                                        absl::StrCat("--name=", options.file)};
  for (const auto& [name, value] :
       {std::pair{"tokens-per-second", options.tokens_per_second}, std::pair{"flops", options.flops},
        std::pair{"price-per-hour", options.price_per_hour},
        std::pair{"vocab-size", static_cast<double>(options.vocab_size)}}) {
    if (value > 0) arguments.push_back(absl::StrFormat("--%s=%.17g", name, value));
  }
  if (session.json) arguments.push_back("--json");
  return BecomeSibling("bonsai-estimate", arguments, session);
}

}  // namespace bonsai
