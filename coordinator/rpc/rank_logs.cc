#include "coordinator/rpc/rank_logs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "storage/file_bytes.h"

namespace bonsai {
namespace {

// Closes the descriptor when it goes.
struct OpenFile {
  int fd;
  ~OpenFile() {
    if (fd >= 0) close(fd);
  }
};

std::string CutNote(bool samples, uint64_t bytes_max) {
  return samples ? absl::StrCat("\n{\"note\": \"cut here: a stream of samples holds at most ", bytes_max,
                                " bytes\"}\n")
                 : absl::StrCat("\n[cut here: a log holds at most ", bytes_max, " bytes]\n");
}

}  // namespace

RankLogs::RankLogs(std::string folder, uint64_t bytes_max)
    : folder_(std::move(folder)), bytes_max_(bytes_max) {}

std::string RankLogs::PathOf(const RankLogName& name) const {
  return absl::StrCat(folder_, "/", name.job_id, "/", name.attempt, "-", name.rank,
                      name.samples ? ".samples" : ".log");
}

absl::StatusOr<RankLogs::Appended> RankLogs::Append(const RankLogName& name, uint64_t offset,
                                                    absl::string_view data) {
  const std::string path = PathOf(name);
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  if (error) return ErrnoStatus(error.value(), "make the folder of", path);
  absl::StatusOr<Appended> appended;
  {
    std::lock_guard<std::mutex> lock(file_mutexes_[std::hash<std::string>()(path) % file_mutexes_.size()]);
    appended = AppendTo(path, name.samples, offset, data);
  }
  if (!appended.ok() || appended->bytes == 0) return appended;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    ++appends_;
  }
  appended_.notify_all();
  return appended;
}

absl::StatusOr<RankLogs::Appended> RankLogs::AppendTo(const std::string& path, bool samples, uint64_t offset,
                                                      absl::string_view data) {
  OpenFile file{open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)};
  if (file.fd < 0) return ErrnoStatus(errno, "open", path);
  struct stat info;
  if (fstat(file.fd, &info) != 0) return ErrnoStatus(errno, "stat", path);
  const uint64_t size = static_cast<uint64_t>(info.st_size);
  const uint64_t end = offset + data.size();
  if (end < offset) {
    return absl::InvalidArgumentError(absl::StrCat("offset: ", offset, " is beyond what a file can hold"));
  }
  if (size > bytes_max_) return Appended{end, 0};  // it was cut
  if (offset > size || end <= size) return Appended{size, 0};
  absl::string_view fresh = data.substr(size - offset);
  const bool cut = size + fresh.size() > bytes_max_;
  if (cut) fresh = fresh.substr(0, bytes_max_ - size);
  absl::Status written = WriteAll(file.fd, fresh, path);
  if (written.ok() && cut) written = WriteAll(file.fd, CutNote(samples, bytes_max_), path);
  if (!written.ok()) return written;
  return Appended{end, fresh.size()};
}

absl::StatusOr<std::string> RankLogs::Read(const RankLogName& name, uint64_t offset, size_t bytes_max) const {
  const std::string path = PathOf(name);
  OpenFile file{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.fd < 0) {
    if (errno == ENOENT) return std::string();
    return ErrnoStatus(errno, "open", path);
  }
  if (offset > static_cast<uint64_t>(INT64_MAX)) return std::string();
  std::string bytes(bytes_max, '\0');
  size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t n =
        pread(file.fd, &bytes[filled], bytes.size() - filled, static_cast<off_t>(offset + filled));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(errno, "read", path);
    if (n == 0) break;
    filled += static_cast<size_t>(n);
  }
  bytes.resize(filled);
  return bytes;
}

absl::StatusOr<uint64_t> RankLogs::Size(const RankLogName& name) const {
  const std::string path = PathOf(name);
  struct stat info;
  if (stat(path.c_str(), &info) == 0) return static_cast<uint64_t>(info.st_size);
  if (errno == ENOENT) return 0;
  return ErrnoStatus(errno, "stat", path);
}

uint64_t RankLogs::WaitForAppend(uint64_t seen, absl::Duration timeout) const {
  std::unique_lock<std::mutex> lock(mutex_);
  appended_.wait_for(lock, absl::ToChronoMilliseconds(timeout), [&] { return appends_ != seen; });
  return appends_;
}

}  // namespace bonsai
