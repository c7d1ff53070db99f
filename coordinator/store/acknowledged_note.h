// What a database must still hold when it is opened again, noted in a file in its folder: the number of the
// last write that was acknowledged, and the digest of the file in which RocksDB lists its tables. RocksDB
// checks every block that it reads; but a log or a list of tables that lost its end looks just like one whose
// writer died there, and what it held is gone without a word. With the note it is told.
//
// The note is written after each commit and not synced: it outlives the process; after a crash of the machine
// it may be behind what is durable, never ahead. One thread at a time.
#ifndef BONSAI_COORDINATOR_STORE_ACKNOWLEDGED_NOTE_H_
#define BONSAI_COORDINATOR_STORE_ACKNOWLEDGED_NOTE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace bonsai {

class AcknowledgedNote {
 public:
  // Before the database in `folder` is opened, which replaces its list of tables. DataLoss: the list is not
  // what was noted. OK where nothing was noted, or the note itself is damaged.
  static absl::Status CheckTables(const std::string& folder);

  // After the database was opened. DataLoss if fewer writes were recovered than were acknowledged.
  static absl::StatusOr<std::unique_ptr<AcknowledgedNote>> Open(const std::string& folder,
                                                                uint64_t recovered);
  ~AcknowledgedNote();
  AcknowledgedNote(const AcknowledgedNote&) = delete;
  AcknowledgedNote& operator=(const AcknowledgedNote&) = delete;

  // After a commit: this write is durable.
  absl::Status Raise(uint64_t sequence);

 private:
  struct Layout;
  AcknowledgedNote(std::string path, int fd, std::string tables, int tables_fd)
      : path_(std::move(path)), fd_(fd), tables_(std::move(tables)), tables_fd_(tables_fd) {}
  absl::Status ReadTables(uint64_t bytes);

  const std::string path_;
  const int fd_;
  const std::string tables_;  // the path of RocksDB's list
  const int tables_fd_;
  uint64_t tables_bytes_ = 0;  // of it, whose digest is noted
  std::string tables_digest_;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_STORE_ACKNOWLEDGED_NOTE_H_
