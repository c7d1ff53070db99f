#include "client/artifact_pull.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/verified_read.h"

namespace bonsai {
namespace {

namespace fs = std::filesystem;

constexpr size_t kPathBytesMax = 1024;
constexpr uint64_t kManifestBytesMax = 16 << 20;

absl::Status FileError(const std::string& what, const fs::path& path, int code) {
  return absl::Status(
      code == ENOSPC ? absl::StatusCode::kResourceExhausted : absl::StatusCode::kFailedPrecondition,
      absl::StrCat("cannot ", what, " ", path.string(), ": ", std::strerror(code)));
}

// Removes a folder and what is in it, unless it was let go.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(fs::path path) : path_(std::move(path)) {}
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const fs::path& path() const { return path_; }
  void Keep() { path_.clear(); }

 private:
  fs::path path_;
};

absl::Status WriteBlob(const v1::Blob& blob, const fs::path& path, CoordinatorClient& client,
                       const Session& session) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "wbxe"), std::fclose);
  if (file == nullptr) return FileError("create", path, errno);
  uint64_t size = 0;
  absl::Status status = ReadVerified(
      blob.sha256(), blob.size_bytes(), client, session, [&](absl::string_view bytes) -> absl::Status {
        size += bytes.size();
        if (std::fwrite(bytes.data(), 1, bytes.size(), file.get()) != bytes.size()) {
          return FileError("write", path, errno);
        }
        return absl::OkStatus();
      });
  if (!status.ok()) return status;
  if (size != blob.size_bytes()) {
    return absl::DataLossError(absl::StrCat("blob ", blob.sha256(), " has ", size,
                                            " bytes, and its manifest says ", blob.size_bytes()));
  }
  if (std::fflush(file.get()) != 0 || fsync(fileno(file.get())) != 0) return FileError("write", path, errno);
  return absl::OkStatus();
}

// The manifest whose bytes hash to the artifact's id.
absl::StatusOr<v1::Manifest> ReadManifest(const std::string& id, CoordinatorClient& client,
                                          const Session& session) {
  std::string bytes;
  absl::Status status =
      ReadVerified(id, kManifestBytesMax, client, session, [&bytes](absl::string_view part) {
        bytes.append(part.data(), part.size());
        return absl::OkStatus();
      });
  if (!status.ok()) return status;
  v1::Manifest manifest;
  if (!manifest.ParseFromString(bytes)) {
    return absl::DataLossError(absl::StrCat("artifact ", id, " is not a manifest"));
  }
  return manifest;
}

absl::Status CheckPlaces(const v1::Manifest& manifest, const PullOptions& options) {
  std::set<std::string> paths;
  for (const v1::ArtifactFile& file : manifest.files()) {
    if (!IsSafePath(file.path()) || !paths.insert(file.path()).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("the manifest names a file \"", absl::CEscape(file.path()),
                       "\", which is no safe relative path, or names it twice"));
    }
    fs::path place = options.out_dir;
    for (absl::string_view part : absl::StrSplit(file.path(), '/')) {
      place /= std::string(part);
      std::error_code ignored;
      const fs::file_status there = fs::symlink_status(place, ignored);
      const bool is_file = place == fs::path(options.out_dir) / file.path();
      if (fs::exists(there) && (is_file ? fs::is_directory(there) : !fs::is_directory(there))) {
        return absl::AlreadyExistsError(absl::StrCat(place.string(),
                                                     is_file ? " is a folder" : " is not a folder",
                                                     "; pull to another folder with --out"));
      }
      if (fs::exists(there) && is_file && !options.force) {
        return absl::AlreadyExistsError(absl::StrCat(
            place.string(), " is already there; replace it with --force, or choose another --out"));
      }
    }
  }
  return absl::OkStatus();
}

// Renames every file from the temporary folder to its place.
absl::Status MoveIntoPlace(const v1::Manifest& manifest, const fs::path& from, const fs::path& out_dir) {
  for (int i = 0; i < manifest.files_size(); ++i) {
    const fs::path place = out_dir / manifest.files(i).path();
    std::error_code error;
    fs::create_directories(place.parent_path(), error);
    if (!error) fs::rename(from / absl::StrCat(i), place, error);
    if (error) return FileError("create", place, error.value());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> MakeTemporaryFolder(const fs::path& dir) {
  std::string path = (dir / ".bonsai-pull-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr) return FileError("create a folder in", dir, errno);
  return path;
}

}  // namespace

bool IsSafePath(absl::string_view path) {
  if (path.empty() || path.size() > kPathBytesMax) return false;
  for (char c : path) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return false;
  }
  for (absl::string_view part : absl::StrSplit(path, '/')) {
    if (part.empty() || part == "." || part == "..") return false;
  }
  return true;
}

absl::StatusOr<v1::GetArtifactResponse> PullArtifact(const PullOptions& options, CoordinatorClient& client,
                                                     const Session& session) {
  auto artifact = client.GetArtifact(options.id, false);
  if (!artifact.ok()) return artifact;
  const auto manifest = ReadManifest(artifact->record().id(), client, session);
  if (!manifest.ok()) return manifest.status();
  *artifact->mutable_manifest() = *manifest;
  if (absl::Status status = CheckPlaces(*manifest, options); !status.ok()) return status;

  std::error_code error;
  const bool made = fs::create_directories(options.out_dir, error);
  if (error) return FileError("create", options.out_dir, error.value());
  TemporaryFolder out_if_made(made ? fs::path(options.out_dir) : fs::path());
  const auto temporary_path = MakeTemporaryFolder(options.out_dir);
  if (!temporary_path.ok()) return temporary_path.status();
  const TemporaryFolder temporary(*temporary_path);

  for (int i = 0; i < manifest->files_size(); ++i) {
    const fs::path path = temporary.path() / absl::StrCat(i);
    const absl::Status status = WriteBlob(manifest->files(i).blob(), path, client, session);
    if (!status.ok()) {
      return absl::Status(status.code(),
                          absl::StrCat(manifest->files(i).path(), ": ", std::string(status.message())));
    }
    // A bundle is a program.
    if (manifest->kind() == "bundle") fs::permissions(path, fs::perms(0755), error);
  }
  if (absl::Status status = MoveIntoPlace(*manifest, temporary.path(), options.out_dir); !status.ok())
    return status;
  out_if_made.Keep();
  return artifact;
}

}  // namespace bonsai
