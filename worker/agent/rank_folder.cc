#include "worker/agent/rank_folder.h"

#include <filesystem>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace bonsai {
namespace {

constexpr size_t kJobIdMax = 200;

bool IsJobId(const std::string& id) {
  if (id.empty() || id.size() > kJobIdMax || id.front() == '/' || id.back() == '/') return false;
  for (char c : id) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '-' && c != '/') return false;
  }
  return !absl::StrContains(id, "//");
}

}  // namespace

absl::StatusOr<std::string> AttemptName(const RankKey& key) {
  if (!IsJobId(key.job_id)) {
    return absl::InvalidArgumentError(absl::StrCat("job id \"", key.job_id.substr(0, kJobIdMax),
                                                   "\": want letters, digits, '_', '-', '/', at most ",
                                                   kJobIdMax));
  }
  return absl::StrCat(absl::StrReplaceAll(key.job_id, {{"/", "."}}), "-", key.attempt);
}

std::string RanksFolder(const std::string& work_dir) { return absl::StrCat(work_dir, "/ranks"); }

absl::StatusOr<RankFolder> FolderOf(const std::string& work_dir, const RankKey& key) {
  absl::StatusOr<std::string> name = AttemptName(key);
  if (!name.ok()) return name.status();
  return FolderAt(absl::StrCat(RanksFolder(work_dir), "/", *name, "-", key.rank));
}

RankFolder FolderAt(const std::string& root) {
  return {root,          root + "/work",          root + "/task.textproto",
          root + "/log", root + "/samples.jsonl", root + "/pid"};
}

absl::Status MakeFresh(const RankFolder& folder) {
  std::error_code error;
  std::filesystem::remove_all(folder.root, error);
  if (!error) std::filesystem::create_directories(folder.work, error);
  if (!error) return absl::OkStatus();
  if (error == std::errc::no_space_on_device) {
    return absl::ResourceExhaustedError(absl::StrCat("make folder ", folder.work, ": ", error.message()));
  }
  return absl::InternalError(absl::StrCat("make folder ", folder.work, ": ", error.message()));
}

}  // namespace bonsai
