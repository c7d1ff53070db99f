#include "client/export_archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

constexpr size_t kReadBytes = 256 << 10;

absl::Status FileError(absl::string_view what, const std::string& path, int code) {
  absl::StatusCode status = absl::StatusCode::kFailedPrecondition;
  if (code == ENOSPC || code == EDQUOT || code == EFBIG) status = absl::StatusCode::kResourceExhausted;
  if (code == ENOENT) status = absl::StatusCode::kNotFound;
  if (code == EACCES) status = absl::StatusCode::kPermissionDenied;
  return absl::Status(status, absl::StrCat("cannot ", what, " ", path, ": ", std::strerror(code)));
}

}  // namespace

// --- Writer
// -------------------------------------------------------------------------------------------------

ArchiveWriter::ArchiveWriter(std::string path, int fd)
    : path_(std::move(path)), partial_path_(path_ + ".partial"), fd_(fd), archive_(archive_write_new()) {}

ArchiveWriter::~ArchiveWriter() {
  archive_write_free(archive_);
  if (fd_ < 0) return;
  close(fd_);
  unlink(partial_path_.c_str());
}

absl::Status ArchiveWriter::Failed(absl::string_view what) const {
  const int code = archive_errno(archive_);
  if (code > 0) return FileError(what, path_, code);
  const char* why = archive_error_string(archive_);
  return absl::FailedPreconditionError(
      absl::StrCat("cannot ", what, " ", path_, ": ", why == nullptr ? "libarchive does not say why" : why));
}

absl::StatusOr<std::unique_ptr<ArchiveWriter>> ArchiveWriter::Create(const std::string& path) {
  const std::string partial = path + ".partial";
  const int fd = open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return FileError("create", partial, errno);
  std::unique_ptr<ArchiveWriter> writer(new ArchiveWriter(path, fd));
  // Plain tar, with extended headers only for sizes that its own cannot say.
  if (archive_write_set_format_pax_restricted(writer->archive_) != ARCHIVE_OK ||
      archive_write_add_filter_none(writer->archive_) != ARCHIVE_OK ||
      archive_write_open_fd(writer->archive_, fd) != ARCHIVE_OK) {
    return writer->Failed("write");
  }
  return writer;
}

absl::Status ArchiveWriter::StartEntry(const std::string& name, uint64_t size_bytes) {
  archive_entry* entry = archive_entry_new();
  archive_entry_set_pathname(entry, name.c_str());
  archive_entry_set_filetype(entry, AE_IFREG);
  archive_entry_set_perm(entry, 0444);
  archive_entry_set_mtime(entry, 0, 0);
  archive_entry_set_size(entry, static_cast<la_int64_t>(size_bytes));
  const int result = archive_write_header(archive_, entry);
  archive_entry_free(entry);
  return result == ARCHIVE_OK ? absl::OkStatus() : Failed("write");
}

absl::Status ArchiveWriter::Write(absl::string_view bytes) {
  const la_ssize_t wrote = archive_write_data(archive_, bytes.data(), bytes.size());
  if (wrote == static_cast<la_ssize_t>(bytes.size())) return absl::OkStatus();
  if (wrote < 0) return Failed("write");
  return absl::InternalError(absl::StrCat(path_, ": an entry got more bytes than its size"));
}

absl::Status ArchiveWriter::Finish() {
  if (archive_write_close(archive_) != ARCHIVE_OK) return Failed("write");
  if (fsync(fd_) != 0) return FileError("write", path_, errno);
  if (rename(partial_path_.c_str(), path_.c_str()) != 0) return FileError("create", path_, errno);
  close(fd_);
  fd_ = -1;
  return absl::OkStatus();
}

// --- Reader
// -------------------------------------------------------------------------------------------------

absl::StatusOr<std::unique_ptr<ArchiveReader>> ArchiveReader::Open(const std::string& path) {
  if (access(path.c_str(), R_OK) != 0) return FileError("read", path, errno);
  std::unique_ptr<ArchiveReader> reader(new ArchiveReader(path, archive_read_new()));
  archive_read_support_format_tar(reader->archive_);
  if (archive_read_open_filename(reader->archive_, path.c_str(), kReadBytes) != ARCHIVE_OK) {
    return reader->Damaged();
  }
  return reader;
}

ArchiveReader::~ArchiveReader() { archive_read_free(archive_); }

absl::Status ArchiveReader::Damaged() const {
  const char* why = archive_error_string(archive_);
  return absl::DataLossError(
      absl::StrCat(path_, " is damaged, or no archive: ", why == nullptr ? "it cannot be read" : why));
}

absl::StatusOr<bool> ArchiveReader::NextEntry(std::string* name, uint64_t* size_bytes) {
  archive_entry* entry = nullptr;
  const int result = archive_read_next_header(archive_, &entry);
  if (result == ARCHIVE_EOF) return false;
  if (result != ARCHIVE_OK) return Damaged();
  const char* pathname = archive_entry_pathname(entry);
  *name = pathname == nullptr ? "" : pathname;
  if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != nullptr ||
      !archive_entry_size_is_set(entry) || archive_entry_size(entry) < 0) {
    return absl::DataLossError(absl::StrCat(path_, " is damaged: its entry \"",
                                            absl::CHexEscape(name->substr(0, 100)),
                                            "\" is not a regular file"));
  }
  *size_bytes = static_cast<uint64_t>(archive_entry_size(entry));
  return true;
}

absl::Status ArchiveReader::Read(size_t size, std::string* bytes) {
  bytes->resize(size);
  size_t filled = 0;
  while (filled < size) {
    const la_ssize_t got = archive_read_data(archive_, bytes->data() + filled, size - filled);
    if (got < 0) return Damaged();
    if (got == 0) break;
    filled += static_cast<size_t>(got);
  }
  bytes->resize(filled);
  return absl::OkStatus();
}

}  // namespace bonsai
