#include "coordinator/store/rocksdb_errors.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "coordinator/store/keys.h"

namespace bonsai {

absl::Status NewerFormat(const std::string& folder, absl::string_view what) {
  return absl::FailedPreconditionError(absl::StrCat(
      "state folder ", folder, " was written by a newer Bonsai (", what, "; this one reads format ",
      store_keys::kFormatVersion, "): run that version, or choose another folder"));
}

absl::Status Damaged(const std::string& folder, absl::string_view what) {
  return absl::DataLossError(absl::StrCat("state folder ", folder, " is damaged: ", what,
                                          "; restore it from a backup, or choose another folder"));
}

absl::Status FromRocksdb(const rocksdb::Status& status, const std::string& folder) {
  if (status.ok()) return absl::OkStatus();
  const std::string text = status.ToString();
  const std::string where = absl::StrCat("state folder ", folder, ": ");
  // RocksDB tells these apart in its texts only.
  if (absl::StrContains(text, "lock ") && absl::StrContains(text, "LOCK")) {
    return absl::FailedPreconditionError(absl::StrCat(
        "state folder ", folder,
        " is in use by another process: stop the other coordinator, or choose another folder (", text, ")"));
  }
  if (status.IsCorruption()) return Damaged(folder, text);
  if (status.IsNoSpace() || absl::StrContains(text, "No space left")) {
    return absl::ResourceExhaustedError(
        absl::StrCat(where, "the disk is full; free some space (", text, ")"));
  }
  if (absl::StrContains(text, "Permission denied") || absl::StrContains(text, "Read-only file system")) {
    return absl::PermissionDeniedError(absl::StrCat(where, "cannot be written by this user (", text, ")"));
  }
  if (absl::StrContains(text, "ot a directory") || absl::StrContains(text, "File exists")) {
    return absl::FailedPreconditionError(absl::StrCat(where, "is not a folder (", text, ")"));
  }
  if (absl::StrContains(text, "No such file or directory")) {
    return absl::NotFoundError(absl::StrCat(
        where, "a file or its parent folder is missing; make the parent folder first (", text, ")"));
  }
  return absl::UnavailableError(absl::StrCat(where, text));
}

}  // namespace bonsai
