#include "worker/data/path_pattern.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace bonsai {
namespace {

namespace fs = std::filesystem;

bool IsPattern(absl::string_view part) { return part.find_first_of("*?") != absl::string_view::npos; }

// The entries of `folder` ("" is the working directory) that `part` matches. A folder that cannot be read has
// none.
std::vector<std::string> MatchingEntries(const std::string& folder, absl::string_view part) {
  std::vector<std::string> paths;
  std::error_code error;
  fs::directory_iterator entries(folder.empty() ? "." : folder, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    const std::string name = entries->path().filename().string();
    if (name[0] == '.' && part[0] != '.') continue;
    if (MatchesPattern(part, name)) paths.push_back(absl::StrCat(folder, name));
    if (paths.size() > kPatternFilesMax) break;
  }
  return paths;
}

}  // namespace

bool MatchesPattern(absl::string_view pattern, absl::string_view name) {
  size_t p = 0, n = 0;
  size_t star = absl::string_view::npos, after_star = 0;  // the last '*', and where its rest was tried
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      after_star = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (star != absl::string_view::npos) {
      p = star + 1;
      n = ++after_star;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

absl::StatusOr<std::vector<std::string>> ListMatchingFiles(const std::string& pattern) {
  if (pattern.empty()) return absl::InvalidArgumentError("a path is empty; a file or a pattern is needed");
  std::error_code error;
  const std::string where =
      pattern[0] == '/' ? std::string() : absl::StrCat(" in ", fs::current_path(error).string());
  std::vector<std::string> found = {""};  // prefixes so far, each "" or ending in '/'
  const std::vector<absl::string_view> parts = absl::StrSplit(pattern, '/');
  for (size_t i = 0; i < parts.size(); ++i) {
    std::vector<std::string> next;
    for (const std::string& folder : found) {
      std::vector<std::string> here = IsPattern(parts[i])
                                          ? MatchingEntries(folder, parts[i])
                                          : std::vector<std::string>{absl::StrCat(folder, parts[i])};
      for (std::string& path : here) next.push_back(i + 1 < parts.size() ? path + "/" : std::move(path));
    }
    if (next.size() > kPatternFilesMax) {
      return absl::ResourceExhaustedError(
          absl::StrCat("more than ", kPatternFilesMax, " files match ", pattern));
    }
    found = std::move(next);
  }
  found.erase(std::remove_if(found.begin(), found.end(),
                             [&](const std::string& path) {
                               const fs::file_status status = fs::status(path, error);
                               return !fs::exists(status) || fs::is_directory(status);
                             }),
              found.end());
  if (found.empty()) {
    return absl::NotFoundError(
        absl::StrCat(IsPattern(pattern) ? "no file matches " : "there is no file ", pattern, where));
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace bonsai
