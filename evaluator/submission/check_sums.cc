#include "evaluator/submission/check_sums.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "storage/digest.h"

namespace bonsai {
namespace {

namespace fs = std::filesystem;

constexpr size_t kFilesMax = 100000;
constexpr size_t kSumsBytesMax = 64 << 20;
constexpr size_t kToldMax = 10;

// By path; without SHA256SUMS itself.
absl::StatusOr<std::map<std::string, std::string>> DigestAll(const SubmissionFolder& folder) {
  std::map<std::string, std::string> sums;
  std::error_code error;
  const fs::path root = folder.PathOf("");
  for (fs::recursive_directory_iterator entry(root, error), end; !error && entry != end;
       entry.increment(error)) {
    if (!entry->is_regular_file()) continue;
    const std::string name = entry->path().lexically_relative(root).generic_string();
    if (name == kCheckSumsFile) continue;
    if (sums.size() >= kFilesMax)
      return absl::ResourceExhaustedError(
          absl::StrCat(root.string(), " holds more than ", kFilesMax, " files"));
    const absl::StatusOr<v1::Blob> blob = DigestFile(entry->path().string());
    if (!blob.ok()) return blob.status();
    sums[name] = blob->sha256();
  }
  if (error) return absl::NotFoundError(absl::StrCat("cannot read ", root.string(), ": ", error.message()));
  return sums;
}

std::string SumsText(const std::map<std::string, std::string>& sums) {
  std::string text;
  for (const auto& [name, sum] : sums) absl::StrAppend(&text, sum, "  ", name, "\n");
  return text;
}

}  // namespace

absl::Status WriteCheckSums(const SubmissionFolder& folder) {
  const auto sums = DigestAll(folder);
  if (!sums.ok()) return sums.status();
  std::ofstream file(folder.PathOf(kCheckSumsFile), std::ios::binary | std::ios::trunc);
  file << SumsText(*sums) << std::flush;
  if (!file) return absl::InternalError(absl::StrCat("cannot write ", folder.PathOf(kCheckSumsFile)));
  return absl::OkStatus();
}

absl::Status VerifyCheckSums(const SubmissionFolder& folder) {
  if (!folder.Has(kCheckSumsFile)) return absl::OkStatus();
  const absl::StatusOr<std::string> told = folder.Read(kCheckSumsFile, kSumsBytesMax);
  if (!told.ok()) return told.status();
  const auto sums = DigestAll(folder);
  if (!sums.ok()) return sums.status();
  std::map<std::string, std::string> there = *sums;
  std::vector<std::string> problems;
  for (absl::string_view line : absl::StrSplit(*told, '\n', absl::SkipEmpty())) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(line, absl::MaxSplits("  ", 1));
    const auto found = there.find(parts.second);
    if (found == there.end()) {
      problems.push_back(absl::StrCat(parts.second, " is missing"));
    } else {
      if (found->second != parts.first) problems.push_back(absl::StrCat(parts.second, " was changed"));
      there.erase(found);
    }
  }
  for (const auto& [name, sum] : there) problems.push_back(absl::StrCat(name, " is not in ", kCheckSumsFile));
  if (problems.empty()) return absl::OkStatus();
  const size_t count = problems.size();
  if (count > kToldMax) problems.resize(kToldMax);
  return absl::FailedPreconditionError(
      absl::StrCat(absl::StrJoin(problems, "; "), count > kToldMax ? "; ..." : ""));
}

}  // namespace bonsai
