#include "worker/data/packed_shard.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace bonsai {
namespace {

static_assert(std::endian::native == std::endian::little,
              "shards are little-endian and are mapped as they are");

constexpr size_t kBufferTokens = 1 << 19;
constexpr size_t kHeaderInts = kShardHeaderBytes / sizeof(int32_t);

absl::Status WriteAll(int fd, const void* data, size_t size, const std::string& path) {
  const char* bytes = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t n = write(fd, bytes, size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path));
    bytes += n;
    size -= n;
  }
  return absl::OkStatus();
}

class FolderShardWriter final : public PackedShardWriter {
 public:
  FolderShardWriter(std::string folder, uint64_t shard_tokens, size_t first_shard)
      : folder_(std::move(folder)),
        shard_tokens_(shard_tokens),
        first_shard_(first_shard),
        tokens_(shard_tokens * first_shard) {}
  ~FolderShardWriter() override {
    if (fd_ >= 0) close(fd_);
  }

  absl::Status Append(absl::Span<const uint16_t> ids) override {
    if (!status_.ok()) return status_;
    while (!ids.empty() && status_.ok()) {
      if (fd_ < 0) status_ = OpenShard();
      const uint64_t room = shard_tokens_ - in_shard_;
      const size_t n = std::min<uint64_t>({ids.size(), room, kBufferTokens - buffer_.size()});
      if (status_.ok()) buffer_.insert(buffer_.end(), ids.begin(), ids.begin() + n);
      in_shard_ += n;
      tokens_ += n;
      ids.remove_prefix(n);
      if (status_.ok() && buffer_.size() == kBufferTokens) status_ = Flush();
      if (status_.ok() && in_shard_ == shard_tokens_) status_ = CloseShard();
    }
    return status_;
  }

  absl::StatusOr<std::vector<std::string>> Close() override {
    if (status_.ok() && fd_ >= 0) status_ = CloseShard();
    if (!status_.ok()) return status_;
    status_ = absl::FailedPreconditionError(absl::StrCat("the shards in ", folder_, " are complete"));
    return names_;
  }

  uint64_t tokens() const override { return tokens_; }
  size_t complete_shards() const override { return first_shard_ + names_.size() - (fd_ >= 0 ? 1 : 0); }
  uint64_t tokens_in_shard() const override { return in_shard_; }

 private:
  std::string path() const { return absl::StrCat(folder_, "/", names_.back()); }

  absl::Status OpenShard() {
    if (first_shard_ + names_.size() >= kShardsMax) {
      return absl::ResourceExhaustedError(absl::StrCat("more than ", kShardsMax, " shards of ", shard_tokens_,
                                                       " tokens; make shard_tokens larger"));
    }
    names_.push_back(ShardName(first_shard_ + names_.size()));
    fd_ = open(path().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd_ < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot create ", path()));
    in_shard_ = 0;
    // Zeros are not a valid header: a shard that was not completed is refused.
    const std::vector<char> header(kShardHeaderBytes, 0);
    return WriteAll(fd_, header.data(), header.size(), path());
  }

  absl::Status Flush() {
    absl::Status written = WriteAll(fd_, buffer_.data(), buffer_.size() * sizeof(uint16_t), path());
    buffer_.clear();
    return written;
  }

  absl::Status CloseShard() {
    if (absl::Status flushed = Flush(); !flushed.ok()) return flushed;
    const int32_t header[] = {kShardMagic, kShardVersion, static_cast<int32_t>(in_shard_)};
    if (pwrite(fd_, header, sizeof(header), 0) != static_cast<ssize_t>(sizeof(header))) {
      return absl::ErrnoToStatus(errno, absl::StrCat("cannot write the header of ", path()));
    }
    if (close(std::exchange(fd_, -1)) != 0)
      return absl::ErrnoToStatus(errno, absl::StrCat("cannot close ", path()));
    in_shard_ = 0;
    return absl::OkStatus();
  }

  const std::string folder_;
  const uint64_t shard_tokens_;
  const size_t first_shard_;
  std::vector<std::string> names_;
  std::vector<uint16_t> buffer_;
  int fd_ = -1;            // of the shard names_.back(), or -1 between shards
  uint64_t in_shard_ = 0;  // tokens in it, with those in buffer_
  uint64_t tokens_;
  absl::Status status_;
};

// A file, mapped for reading.
class Mapping {
 public:
  static absl::StatusOr<Mapping> Open(const std::string& path) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", path));
    struct stat info;
    if (fstat(fd, &info) != 0 || info.st_size == 0) {
      close(fd);
      return absl::DataLossError(absl::StrCat(path, ": the file is empty"));
    }
    void* data = mmap(nullptr, info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    const int map_errno = errno;
    close(fd);
    if (data == MAP_FAILED) return absl::ErrnoToStatus(map_errno, absl::StrCat("cannot map ", path));
    return Mapping(static_cast<const uint8_t*>(data), info.st_size);
  }
  Mapping(Mapping&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  Mapping& operator=(Mapping&&) = delete;
  ~Mapping() {
    if (!bytes_.empty()) munmap(const_cast<uint8_t*>(bytes_.data()), bytes_.size());
  }
  absl::Span<const uint8_t> bytes() const { return bytes_; }

 private:
  Mapping(const uint8_t* data, size_t size) : bytes_(data, size) {}
  absl::Span<const uint8_t> bytes_;
};

struct MappedShard {
  std::string path;
  Mapping mapping;
  absl::Span<const uint8_t> ids;  // two bytes each
  uint64_t begin;                 // the position of the first in the row
};

class MappedTokens final : public PackedTokens {
 public:
  MappedTokens(std::vector<MappedShard> shards, uint64_t size, uint32_t vocab_size)
      : shards_(std::move(shards)), size_(size), vocab_size_(vocab_size) {}

  uint64_t size() const override { return size_; }

  absl::Status Read(uint64_t offset, absl::Span<uint16_t> ids) const override {
    if (offset > size_ || ids.size() > size_ - offset) {
      return absl::OutOfRangeError(absl::StrCat("tokens [", offset, ", ", offset, " + ", ids.size(), ") of ",
                                                size_, " packed tokens"));
    }
    auto after =
        std::upper_bound(shards_.begin(), shards_.end(), offset,
                         [](uint64_t value, const MappedShard& shard) { return value < shard.begin; });
    for (auto shard = after - 1; !ids.empty(); ++shard) {
      const uint64_t first = offset - shard->begin;
      const size_t n = std::min<uint64_t>(ids.size(), shard->ids.size() / 2 - first);
      std::memcpy(ids.data(), shard->ids.data() + 2 * first, 2 * n);
      for (size_t i = 0; i < n; ++i) {
        if (ids[i] < vocab_size_) continue;
        return absl::DataLossError(absl::StrCat(shard->path, ": token ", first + i, " is ", ids[i],
                                                "; the vocabulary has ", vocab_size_, " ids"));
      }
      ids.remove_prefix(n);
      offset += n;
    }
    return absl::OkStatus();
  }

 private:
  const std::vector<MappedShard> shards_;  // none is empty
  const uint64_t size_;
  const uint32_t vocab_size_;
};

}  // namespace

std::string ShardName(size_t index) { return absl::StrFormat("shard-%05d.bin", index); }

absl::StatusOr<absl::Span<const uint8_t>> ParseShard(absl::string_view name,
                                                     absl::Span<const uint8_t> bytes) {
  if (bytes.size() < kShardHeaderBytes) {
    return absl::DataLossError(
        absl::StrCat(name, ": ", bytes.size(), " bytes; a shard's header alone takes ", kShardHeaderBytes));
  }
  int32_t header[kHeaderInts];
  std::memcpy(header, bytes.data(), kShardHeaderBytes);
  if (header[0] != kShardMagic) {
    return absl::DataLossError(
        absl::StrCat(name, ": header[0] (magic) is ", header[0], "; a packed shard has ", kShardMagic));
  }
  if (header[1] != kShardVersion) {
    return absl::DataLossError(
        absl::StrCat(name, ": header[1] (version) is ", header[1], "; known is ", kShardVersion));
  }
  const size_t token_bytes = bytes.size() - kShardHeaderBytes;
  if (header[2] < 0 || static_cast<uint64_t>(header[2]) * 2 != token_bytes) {
    return absl::DataLossError(absl::StrCat(name, ": header[2] (token count) is ", header[2],
                                            "; the file has ", token_bytes,
                                            " bytes of tokens, two for each"));
  }
  for (size_t i = 3; i < kHeaderInts; ++i) {
    if (header[i] == 0) continue;
    return absl::DataLossError(
        absl::StrCat(name, ": header[", i, "] (reserved) is ", header[i], "; valid is 0"));
  }
  return bytes.subspan(kShardHeaderBytes);
}

absl::StatusOr<std::unique_ptr<PackedShardWriter>> PackedShardWriter::Create(const std::string& folder,
                                                                             uint64_t shard_tokens,
                                                                             size_t first_shard) {
  if (shard_tokens == 0 || shard_tokens > kShardTokensMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("shard_tokens: ", shard_tokens, "; valid are 1 to ", kShardTokensMax));
  }
  return std::make_unique<FolderShardWriter>(folder, shard_tokens, first_shard);
}

absl::StatusOr<std::unique_ptr<PackedTokens>> PackedTokens::Open(const std::vector<std::string>& paths,
                                                                 uint32_t vocab_size) {
  if (paths.empty()) return absl::InvalidArgumentError("no shards to read tokens from");
  if (vocab_size == 0 || vocab_size > 65536) {
    return absl::InvalidArgumentError(
        absl::StrCat("vocab_size: ", vocab_size, "; packed ids need 1 to 65536"));
  }
  std::vector<MappedShard> shards;
  uint64_t size = 0;
  for (const std::string& path : paths) {
    absl::StatusOr<Mapping> mapping = Mapping::Open(path);
    if (!mapping.ok()) return mapping.status();
    absl::StatusOr<absl::Span<const uint8_t>> ids = ParseShard(path, mapping->bytes());
    if (!ids.ok()) return ids.status();
    if (ids->empty()) continue;
    shards.push_back({path, *std::move(mapping), *ids, size});
    size += ids->size() / 2;
  }
  return std::make_unique<MappedTokens>(std::move(shards), size, vocab_size);
}

}  // namespace bonsai
