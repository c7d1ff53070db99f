#include "edge_runtime/farm/engine_sources.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "storage/digest.h"
#include "storage/file_bytes.h"

namespace bonsai {
namespace {
namespace fs = std::filesystem;
}

absl::StatusOr<EngineSources> ListEngineSources(const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code error;
  fs::recursive_directory_iterator entries(folder, error);
  for (; !error && entries != fs::recursive_directory_iterator(); entries.increment(error)) {
    if (!entries->is_regular_file()) continue;
    const std::string path = entries->path().lexically_relative(folder).generic_string();
    if (absl::EndsWith(path, ".cc") || absl::EndsWith(path, ".h")) paths.push_back(path);
  }
  if (error) return ErrnoStatus(error.value(), "read the engine's sources in", folder);
  std::sort(paths.begin(), paths.end());
  EngineSources sources;
  sources.folder = folder;
  Sha256 all;
  for (const std::string& path : paths) {
    absl::StatusOr<v1::Blob> digest = DigestFile(absl::StrCat(folder, "/", path));
    if (!digest.ok()) return digest.status();
    all.Update(absl::StrCat(path, " ", digest->sha256(), "\n"));
    if (absl::EndsWith(path, ".cc")) sources.to_compile.push_back(path);
  }
  if (sources.to_compile.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(folder, " holds no source of the engine; is Bonsai installed whole?"));
  }
  sources.sha256 = all.FinishHex();
  return sources;
}

}  // namespace bonsai
