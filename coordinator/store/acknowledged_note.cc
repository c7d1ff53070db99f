#include "coordinator/store/acknowledged_note.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "storage/digest.h"
#include "storage/file_bytes.h"

namespace bonsai {
namespace {

constexpr size_t kNameBytes = 32;
constexpr size_t kDigestBytes = 64;
constexpr size_t kCurrentBytesMax = 4096;
constexpr size_t kTablesBytesMax = size_t{1} << 30;

absl::Status Lost(const std::string& folder, absl::string_view what) {
  return absl::DataLossError(absl::StrCat("state folder ", folder, " is damaged: ", what,
                                          "; restore it from a backup, or choose another folder"));
}

// The name of the file that lists the tables, as RocksDB's file CURRENT says; empty if there is none.
std::string TablesName(const std::string& folder) {
  absl::StatusOr<std::string> name = ReadFileBytes(folder + "/CURRENT", kCurrentBytesMax);
  if (!name.ok()) return "";
  return std::string(absl::StripAsciiWhitespace(*name));
}

}  // namespace

// The whole file, far below what a disk writes at once.
struct AcknowledgedNote::Layout {
  uint64_t sequence;
  uint64_t tables_bytes;
  char tables_name[kNameBytes];
  char tables_digest[kDigestBytes];
  char digest[kDigestBytes];  // of what is before it

  std::string Digest() const {
    return Sha256Hex(absl::string_view(reinterpret_cast<const char*>(this), offsetof(Layout, digest)));
  }
  static std::optional<Layout> Read(const std::string& path) {
    absl::StatusOr<std::string> bytes = ReadFileBytes(path, sizeof(Layout));
    Layout layout;
    if (!bytes.ok() || bytes->size() != sizeof(layout)) return std::nullopt;
    std::memcpy(&layout, bytes->data(), sizeof(layout));
    if (layout.Digest() != absl::string_view(layout.digest, kDigestBytes)) return std::nullopt;
    return layout;
  }
};

absl::Status AcknowledgedNote::CheckTables(const std::string& folder) {
  const std::optional<Layout> noted = Layout::Read(folder + "/ACKNOWLEDGED");
  const std::string name = TablesName(folder);
  // A process that died before it noted anything has left a new list behind, or none.
  if (!noted || name.empty() ||
      name != std::string(noted->tables_name, strnlen(noted->tables_name, kNameBytes))) {
    return absl::OkStatus();
  }
  absl::StatusOr<std::string> tables = ReadFileBytes(absl::StrCat(folder, "/", name), kTablesBytesMax);
  if (!tables.ok()) return Lost(folder, tables.status().message());
  if (tables->size() >= noted->tables_bytes &&
      Sha256Hex(absl::string_view(*tables).substr(0, noted->tables_bytes)) ==
          absl::string_view(noted->tables_digest, kDigestBytes)) {
    return absl::OkStatus();
  }
  return Lost(folder, absl::StrCat(name, " has ", tables->size(), " bytes, and its first ",
                                   noted->tables_bytes, " are not what was written"));
}

absl::StatusOr<std::unique_ptr<AcknowledgedNote>> AcknowledgedNote::Open(const std::string& folder,
                                                                         uint64_t recovered) {
  const std::string path = folder + "/ACKNOWLEDGED";
  const std::optional<Layout> noted = Layout::Read(path);
  if (noted && recovered < noted->sequence) {
    return Lost(folder, absl::StrCat("writes up to number ", noted->sequence,
                                     " were acknowledged, and only those up to ", recovered, " can be read"));
  }
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return ErrnoStatus(errno, "open", path);
  const std::string name = TablesName(folder);
  const std::string tables = absl::StrCat(folder, "/", name);
  const int tables_fd =
      name.empty() || name.size() > kNameBytes ? -1 : open(tables.c_str(), O_RDONLY | O_CLOEXEC);
  std::unique_ptr<AcknowledgedNote> note(new AcknowledgedNote(path, fd, tables, tables_fd));
  if (absl::Status raised = note->Raise(recovered); !raised.ok()) return raised;
  return note;
}

AcknowledgedNote::~AcknowledgedNote() {
  close(fd_);
  if (tables_fd_ >= 0) close(tables_fd_);
}

// RocksDB only appends to the list, and what it appends is on disk before anything relies on it; yet another
// of its threads may be doing so now.
absl::Status AcknowledgedNote::ReadTables(uint64_t bytes) {
  if (fdatasync(tables_fd_) != 0) return ErrnoStatus(errno, "sync", tables_);
  absl::StatusOr<std::string> tables = ReadFileBytes(tables_, kTablesBytesMax);
  if (!tables.ok()) return tables.status();
  tables_digest_ = Sha256Hex(absl::string_view(*tables).substr(0, bytes));
  tables_bytes_ = bytes;
  return absl::OkStatus();
}

absl::Status AcknowledgedNote::Raise(uint64_t sequence) {
  struct stat info;
  if (tables_fd_ >= 0 && fstat(tables_fd_, &info) == 0 &&
      static_cast<uint64_t>(info.st_size) > tables_bytes_) {
    if (absl::Status read = ReadTables(static_cast<uint64_t>(info.st_size)); !read.ok()) return read;
  }
  Layout layout = {};
  layout.sequence = sequence;
  if (!tables_digest_.empty()) {
    layout.tables_bytes = tables_bytes_;
    const std::string name = tables_.substr(tables_.rfind('/') + 1);
    std::memcpy(layout.tables_name, name.data(), name.size());
    std::memcpy(layout.tables_digest, tables_digest_.data(), kDigestBytes);
  }
  std::memcpy(layout.digest, layout.Digest().data(), kDigestBytes);
  if (pwrite(fd_, &layout, sizeof(layout), 0) != sizeof(layout)) return ErrnoStatus(errno, "write", path_);
  return absl::OkStatus();
}

}  // namespace bonsai
