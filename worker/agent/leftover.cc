#include "worker/agent/leftover.h"

#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "bonsai/v1/runner.pb.h"
#include "runner/task_file.h"
#include "storage/file_bytes.h"
#include "worker/agent/rank_folder.h"

namespace bonsai {
namespace {

constexpr size_t kProcFileMax = 1 << 20;
constexpr int kGoneChecks = 200;
constexpr useconds_t kGoneCheckMicroseconds = 10000;

struct ProcessStat {
  char state = '?';
  pid_t group = 0;
  uint64_t start_ticks = 0;
};

// From /proc/<pid>/stat (proc(5)); the program's name, in parentheses, may hold anything.
absl::StatusOr<ProcessStat> ReadStat(pid_t pid) {
  absl::StatusOr<std::string> text = ReadFileBytes(absl::StrCat("/proc/", pid, "/stat"), kProcFileMax);
  if (!text.ok()) return text.status();
  size_t name_end = text->rfind(')');
  if (name_end == std::string::npos)
    return absl::InternalError(absl::StrCat("/proc/", pid, "/stat: no name"));
  std::vector<absl::string_view> fields =
      absl::StrSplit(absl::string_view(*text).substr(name_end + 1), ' ', absl::SkipEmpty());
  ProcessStat stat;
  int group = 0;
  if (fields.size() < 20 || !absl::SimpleAtoi(fields[2], &group) ||
      !absl::SimpleAtoi(fields[19], &stat.start_ticks)) {
    return absl::InternalError(absl::StrCat("/proc/", pid, "/stat: too few fields"));
  }
  stat.state = fields[0].front();
  stat.group = group;
  return stat;
}

bool Runs(pid_t pid) {
  absl::StatusOr<ProcessStat> stat = ReadStat(pid);
  return stat.ok() && stat->state != 'Z' && stat->state != 'X';
}

// Processes that say, in their environment, that they belong to the rank of this folder.
std::vector<pid_t> ProcessesOf(const std::string& folder) {
  std::vector<pid_t> found;
  const std::string mark = absl::StrCat(kRankFolderVariable, "=", folder);
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    int pid = 0;
    if (!absl::SimpleAtoi(entry.path().filename().string(), &pid) || pid == getpid()) continue;
    absl::StatusOr<std::string> environment =
        ReadFileBytes(absl::StrCat("/proc/", pid, "/environ"), kProcFileMax);
    if (!environment.ok()) continue;
    for (absl::string_view variable : absl::StrSplit(*environment, '\0')) {
      if (variable == mark) {
        found.push_back(pid);
        break;
      }
    }
  }
  return found;
}

void KillProcesses(const RankFolder& folder) {
  std::vector<pid_t> killed = ProcessesOf(folder.root);
  for (pid_t pid : killed) kill(pid, SIGKILL);
  // The pid file finds a leader that has changed its environment, and its group.
  absl::StatusOr<std::string> text = ReadFileBytes(folder.pid_file, kProcFileMax);
  if (text.ok()) {
    std::vector<absl::string_view> words = absl::StrSplit(*text, absl::ByAnyChar(" \n"), absl::SkipEmpty());
    int pid = 0;
    uint64_t start = 0;
    bool valid = words.size() == 2 && absl::SimpleAtoi(words[0], &pid) && pid > 1 &&
                 absl::SimpleAtoi(words[1], &start);
    absl::StatusOr<ProcessStat> stat = valid ? ReadStat(pid) : absl::NotFoundError("");
    if (stat.ok() && stat->start_ticks == start) {
      if (stat->group == pid) kill(-pid, SIGKILL);
      kill(pid, SIGKILL);
      killed.push_back(pid);
    }
  }
  for (int i = 0; i < kGoneChecks; ++i) {
    bool any = false;
    for (pid_t pid : killed) any = any || Runs(pid);
    if (!any) return;
    usleep(kGoneCheckMicroseconds);
  }
}

// Rank 0 answers for what its attempt's ranks shared.
void RemoveRendezvous(const RankFolder& folder) {
  absl::StatusOr<v1::Task> task = ReadTaskFile(folder.task_file);
  std::error_code ignored;
  if (task.ok() && task->rank() == 0 && absl::StrContains(task->rendezvous_dir(), "/rendezvous/")) {
    std::filesystem::remove_all(task->rendezvous_dir(), ignored);
  }
}

}  // namespace

absl::StatusOr<uint64_t> ProcessStartTicks(pid_t pid) {
  absl::StatusOr<ProcessStat> stat = ReadStat(pid);
  if (!stat.ok()) return stat.status();
  return stat->start_ticks;
}

size_t RemoveLeftovers(const std::string& work_dir) {
  std::vector<std::string> roots;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(RanksFolder(work_dir), error)) {
    roots.push_back(entry.path().string());
  }
  for (const std::string& root : roots) {
    RankFolder folder = FolderAt(root);
    KillProcesses(folder);
    RemoveRendezvous(folder);
    std::filesystem::remove_all(root, error);
  }
  return roots.size();
}

}  // namespace bonsai
