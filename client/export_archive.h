// Plain tar archives of regular files, one entry after another, by libarchive.
//
// Used by `bonsai export` and `bonsai import`. One thread at a time.
#ifndef BONSAI_CLIENT_EXPORT_ARCHIVE_H_
#define BONSAI_CLIENT_EXPORT_ARCHIVE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

struct archive;

namespace bonsai {

// Writes "<path>.partial" and renames it when all is written and durable. The same entries give the same
// bytes.
class ArchiveWriter {
 public:
  // Errors of all of these name the path: FailedPrecondition, ResourceExhausted for a full disk.
  static absl::StatusOr<std::unique_ptr<ArchiveWriter>> Create(const std::string& path);
  // Removes what was not finished.
  ~ArchiveWriter();
  ArchiveWriter(const ArchiveWriter&) = delete;
  ArchiveWriter& operator=(const ArchiveWriter&) = delete;

  // The entry's bytes follow, in pieces that add up to its size.
  absl::Status StartEntry(const std::string& name, uint64_t size_bytes);
  absl::Status Write(absl::string_view bytes);
  absl::Status Finish();

 private:
  ArchiveWriter(std::string path, int fd);
  absl::Status Failed(absl::string_view what) const;

  const std::string path_;
  const std::string partial_path_;
  int fd_;
  archive* archive_;
};

class ArchiveReader {
 public:
  // NotFound or PermissionDenied names the path; DataLoss: it is no tar archive.
  static absl::StatusOr<std::unique_ptr<ArchiveReader>> Open(const std::string& path);
  ~ArchiveReader();
  ArchiveReader(const ArchiveReader&) = delete;
  ArchiveReader& operator=(const ArchiveReader&) = delete;

  // Goes to the next entry, past what was not read of this one. False at the archive's end. DataLoss: it is
  // damaged, or the entry is not a regular file.
  absl::StatusOr<bool> NextEntry(std::string* name, uint64_t* size_bytes);
  // Up to `size` bytes of the entry; fewer only at its end. DataLoss.
  absl::Status Read(size_t size, std::string* bytes);

 private:
  ArchiveReader(std::string path, archive* archive) : path_(std::move(path)), archive_(archive) {}
  absl::Status Damaged() const;

  const std::string path_;
  archive* const archive_;
};

}  // namespace bonsai

#endif  // BONSAI_CLIENT_EXPORT_ARCHIVE_H_
