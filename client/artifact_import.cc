#include "client/artifact_import.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/export_archive.h"
#include "client/export_index.h"
#include "client/verified_read.h"
#include "proto/piece_checksum.h"

namespace bonsai {
namespace {

constexpr int kAskedMax = 1000;
constexpr int kTriesMax = 10;
constexpr absl::Duration kRetryInterval = absl::Milliseconds(300);

absl::Status Damaged(const std::string& path, absl::string_view why) {
  return absl::DataLossError(absl::StrCat(path, " is damaged, nothing was imported: ", why));
}

// --- Reading and checking
// -----------------------------------------------------------------------------------

struct Archive {
  ExportIndex index;
  std::map<std::string, std::string> manifests;  // serialised, by id
};

// Goes to the entry that must come now.
absl::Status Expect(ArchiveReader& reader, const std::string& path, const std::string& name, uint64_t size) {
  std::string found;
  uint64_t found_size = 0;
  absl::StatusOr<bool> more = reader.NextEntry(&found, &found_size);
  if (!more.ok()) return more.status();
  if (!*more) return Damaged(path, absl::StrCat("it ends before its entry ", name));
  if (found != name || found_size != size) {
    return Damaged(path, absl::StrCat("its entry \"", absl::CHexEscape(found.substr(0, 100)), "\" of ",
                                      found_size, " bytes is where ", name, " of ", size, " should be"));
  }
  return absl::OkStatus();
}

// Reads the entry's bytes and compares them with the name; keeps them if `keep`.
absl::Status ReadChecked(ArchiveReader& reader, const std::string& path, const std::string& sha256,
                         uint64_t size, const Session& session, std::string* keep) {
  GrowingDigest digest;
  std::string piece;
  for (uint64_t at = 0; at < size; at += piece.size()) {
    if (Interrupted(session)) return absl::CancelledError("interrupted");
    absl::Status read = reader.Read(std::min(size - at, kPieceBytesMax), &piece);
    if (!read.ok()) return read;
    if (piece.empty()) return Damaged(path, absl::StrCat(sha256, " is cut short"));
    digest.Update(piece);
    if (keep != nullptr) keep->append(piece);
  }
  if (digest.FinishHex() == sha256) return absl::OkStatus();
  return Damaged(path, absl::StrCat("the bytes of ", sha256, " have another SHA-256"));
}

// Whether the manifests need just what the archive holds: their blobs, and before each what it was made from.
absl::Status CheckWhole(const std::string& path, const Archive& archive) {
  std::map<std::string, uint64_t> blobs;
  for (const ExportIndex::Blob& blob : archive.index.blobs) blobs[blob.sha256] = blob.size_bytes;
  std::set<std::string> before;
  for (const ExportIndex::Artifact& artifact : archive.index.artifacts) {
    v1::Manifest manifest;
    if (!manifest.ParseFromString(archive.manifests.at(artifact.id))) {
      return Damaged(path, absl::StrCat("artifact ", artifact.id, " is not a manifest"));
    }
    for (const v1::ArtifactFile& file : manifest.files()) {
      auto found = blobs.find(file.blob().sha256());
      if (found == blobs.end() || found->second != file.blob().size_bytes()) {
        return Damaged(path, absl::StrCat("artifact ", artifact.id, " names the blob ",
                                          absl::CHexEscape(file.blob().sha256().substr(0, 80)), " of ",
                                          file.blob().size_bytes(), " bytes, which is not in it"));
      }
    }
    for (const v1::LineageInput& input : manifest.lineage().inputs()) {
      if (before.count(input.artifact_id()) > 0) continue;
      return Damaged(path, absl::StrCat("artifact ", artifact.id, " was made from ",
                                        absl::CHexEscape(input.artifact_id().substr(0, 80)),
                                        ", which is not in it before"));
    }
    before.insert(artifact.id);
  }
  return absl::OkStatus();
}

absl::StatusOr<Archive> ReadArchive(const std::string& path, const Session& session) {
  auto reader = ArchiveReader::Open(path);
  if (!reader.ok()) return reader.status();
  std::string name, text;
  uint64_t size = 0;
  absl::StatusOr<bool> first = (*reader)->NextEntry(&name, &size);
  if (!first.ok()) return first.status();
  if (!*first || name != kIndexEntry || size > kIndexBytesMax) {
    return Damaged(path, "it does not begin with an index; was it written by `bonsai export`?");
  }
  if (absl::Status read = (*reader)->Read(size, &text); !read.ok()) return read;
  absl::StatusOr<ExportIndex> index = ParseExportIndex(text);
  if (!index.ok()) return Damaged(path, index.status().message());
  Archive archive;
  archive.index = *std::move(index);
  for (const ExportIndex::Artifact& artifact : archive.index.artifacts) {
    absl::Status read =
        Expect(**reader, path, absl::StrCat("manifests/", artifact.id), artifact.manifest_bytes);
    if (read.ok()) {
      read = ReadChecked(**reader, path, artifact.id, artifact.manifest_bytes, session,
                         &archive.manifests[artifact.id]);
    }
    if (!read.ok()) return read;
  }
  for (const ExportIndex::Blob& blob : archive.index.blobs) {
    absl::Status read = Expect(**reader, path, absl::StrCat("blobs/", blob.sha256), blob.size_bytes);
    if (read.ok()) read = ReadChecked(**reader, path, blob.sha256, blob.size_bytes, session, nullptr);
    if (!read.ok()) return read;
  }
  absl::StatusOr<bool> more = (*reader)->NextEntry(&name, &size);
  if (!more.ok()) return more.status();
  if (*more) return Damaged(path, "it goes on behind what its index names");
  if (absl::Status whole = CheckWhole(path, archive); !whole.ok()) return whole;
  return archive;
}

// --- Sending
// ------------------------------------------------------------------------------------------------

// The bytes of a blob from an offset on: "" at its end.
using ReadOn = std::function<absl::StatusOr<std::string>()>;
// Starts to read at the offset.
using ReadFrom = std::function<absl::StatusOr<ReadOn>(uint64_t offset)>;

absl::StatusOr<std::map<std::string, uint64_t>> FindMissing(const std::vector<ExportIndex::Blob>& blobs,
                                                            CoordinatorClient& client) {
  std::map<std::string, uint64_t> missing;
  for (size_t first = 0; first < blobs.size(); first += kAskedMax) {
    v1::FindMissingBlobsRequest request;
    for (size_t i = first; i < std::min(blobs.size(), first + kAskedMax); ++i) {
      request.add_blobs()->set_sha256(blobs[i].sha256);
      request.mutable_blobs(static_cast<int>(i - first))->set_size_bytes(blobs[i].size_bytes);
    }
    auto response = client.FindMissingBlobs(request);
    if (!response.ok()) return response.status();
    for (const v1::MissingBlob& blob : response->missing())
      missing[blob.blob().sha256()] = blob.received_bytes();
  }
  return missing;
}

// One call, from where the coordinator is.
absl::Status SendOn(const ExportIndex::Blob& blob, const ReadFrom& read_from, CoordinatorClient& client,
                    const Session& session) {
  auto missing = FindMissing({blob}, client);
  if (!missing.ok()) return missing.status();
  if (missing->empty()) return absl::OkStatus();
  uint64_t offset = missing->begin()->second;
  absl::StatusOr<ReadOn> read_on = read_from(offset);
  if (!read_on.ok()) return read_on.status();
  bool first = true;
  return client.WriteBlob([&](v1::WriteBlobRequest* request) -> absl::StatusOr<bool> {
    if (Interrupted(session)) return absl::CancelledError("interrupted");
    request->Clear();
    absl::StatusOr<std::string> piece = (*read_on)();
    if (!piece.ok()) return piece.status();
    if (piece->empty() && !first) return false;
    if (first) request->mutable_blob()->set_sha256(blob.sha256);
    if (first) request->mutable_blob()->set_size_bytes(blob.size_bytes);
    first = false;
    request->set_offset(offset);
    request->set_crc32c(Crc32c(*piece));
    offset += piece->size();
    request->set_data(*std::move(piece));
    return true;
  });
}

absl::Status Send(const ExportIndex::Blob& blob, const ReadFrom& read_from, CoordinatorClient& client,
                  const Session& session) {
  absl::Status status;
  for (int tries = 0; tries < kTriesMax; ++tries) {
    status = SendOn(blob, read_from, client, session);
    // Aborted: somebody else sends the same blob.
    if (!IsUnreachable(status) && !absl::IsAborted(status)) return status;
    absl::SleepFor(kRetryInterval);
  }
  return status;
}

// From an archive that is open at the blob's entry; anew, if the entry was read from before.
ReadFrom FromArchive(const std::string& path, const ExportIndex::Blob& blob,
                     std::unique_ptr<ArchiveReader>& reader) {
  return [&, used = false](uint64_t offset) mutable -> absl::StatusOr<ReadOn> {
    if (used) {
      auto again = ArchiveReader::Open(path);
      if (!again.ok()) return again.status();
      std::string name;
      uint64_t size = 0;
      while (name != absl::StrCat("blobs/", blob.sha256)) {
        absl::StatusOr<bool> more = (*again)->NextEntry(&name, &size);
        if (!more.ok()) return more.status();
        if (!*more) return Damaged(path, "it changed while it was read");
      }
      reader = *std::move(again);
    }
    used = true;
    const auto read = [&reader, left = blob.size_bytes]() mutable -> absl::StatusOr<std::string> {
      std::string piece;
      absl::Status status = reader->Read(std::min(left, kPieceBytesMax), &piece);
      if (!status.ok()) return status;
      left -= piece.size();
      return piece;
    };
    ReadOn read_on = read;
    for (uint64_t skipped = 0; skipped < offset;) {
      std::string piece;
      absl::Status status = reader->Read(std::min(offset - skipped, kPieceBytesMax), &piece);
      if (!status.ok()) return status;
      if (piece.empty()) return Damaged(path, "it changed while it was read");
      skipped += piece.size();
    }
    return read_on;
  };
}

ReadFrom FromMemory(const std::string& bytes) {
  return [&bytes](uint64_t offset) -> absl::StatusOr<ReadOn> {
    return ReadOn([&bytes, offset]() mutable -> absl::StatusOr<std::string> {
      std::string piece = bytes.substr(std::min<uint64_t>(offset, bytes.size()), kPieceBytesMax);
      offset += piece.size();
      return piece;
    });
  };
}

absl::Status SendBlobs(const std::string& path, const Archive& archive, CoordinatorClient& client,
                       const Session& session) {
  auto missing = FindMissing(archive.index.blobs, client);
  if (!missing.ok()) return missing.status();
  auto reader = ArchiveReader::Open(path);
  if (!reader.ok()) return reader.status();
  std::map<std::string, ExportIndex::Blob> blobs;
  for (const ExportIndex::Blob& blob : archive.index.blobs) blobs[absl::StrCat("blobs/", blob.sha256)] = blob;
  std::string name;
  uint64_t size = 0;
  while (true) {
    absl::StatusOr<bool> more = (*reader)->NextEntry(&name, &size);
    if (!more.ok()) return more.status();
    if (!*more) return absl::OkStatus();
    auto blob = blobs.find(name);
    if (blob == blobs.end() || missing->count(blob->second.sha256) == 0) continue;
    absl::Status sent = Send(blob->second, FromArchive(path, blob->second, *reader), client, session);
    if (!sent.ok()) return sent;
  }
}

}  // namespace

absl::StatusOr<v1::ListArtifactsResponse> ImportArtifacts(const std::string& path, CoordinatorClient& client,
                                                          const Session& session) {
  absl::StatusOr<Archive> archive = ReadArchive(path, session);
  if (!archive.ok()) return archive.status();
  if (absl::Status sent = SendBlobs(path, *archive, client, session); !sent.ok()) return sent;
  v1::ListArtifactsResponse imported;
  for (const ExportIndex::Artifact& artifact : archive->index.artifacts) {
    const std::string& bytes = archive->manifests.at(artifact.id);
    absl::Status sent = Send({artifact.id, bytes.size()}, FromMemory(bytes), client, session);
    if (!sent.ok()) return sent;
    auto put = client.PutArtifact(artifact.id);
    if (!put.ok()) return put.status();
    if (artifact.root) *imported.add_artifacts() = put->record();
  }
  return imported;
}

}  // namespace bonsai
