// Files that appear whole or not at all: written under a temporary name, synced, renamed, their folder
// synced.
//
// Called by the directory store and by daemons for their address files. An AtomicFile belongs to one thread;
// two processes may write the same path at once, and one of them wins.
#ifndef BONSAI_STORAGE_ATOMIC_FILE_H_
#define BONSAI_STORAGE_ATOMIC_FILE_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace bonsai {

// How the names of temporary files begin.
inline constexpr char kTemporaryPrefix[] = ".writing-";

class AtomicFile {
 public:
  // A new temporary file in `dir`, which must exist and lie on the same file system as the path of Commit.
  static absl::StatusOr<std::unique_ptr<AtomicFile>> Create(const std::string& dir);
  // Removes the temporary file unless it was committed.
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  absl::Status Append(absl::string_view bytes);
  // Makes the bytes durable at `path`, replacing what is there. `mode` are the file's permissions.
  absl::Status Commit(const std::string& path, unsigned mode);

 private:
  AtomicFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  std::string path_;
  int fd_;
  bool committed_ = false;
};

// Replaces `path` by a file with these bytes; durable when it returns. The folder must exist.
// Errors: as ErrnoStatus (ResourceExhausted for a full disk); nothing half-written stays.
absl::Status WriteFileAtomically(const std::string& path, absl::string_view bytes);

// Makes the names in a folder durable.
absl::Status SyncDirectory(const std::string& dir);

// Removes temporary files in `dir` whose writers are gone.
void RemoveAbandonedFiles(const std::string& dir);

}  // namespace bonsai

#endif  // BONSAI_STORAGE_ATOMIC_FILE_H_
