// Packed tokens: a corpus as one long row of token ids, cut into shards that a trainer maps into memory.
//
// A shard is llm.c's layout: a header of 256 little-endian int32 {20240520, 1, token count, 0...}, then the
// ids as little-endian uint16. Each document is BOS, its ids, EOS. The shards of an artifact, in the order of
// their names, are one row; a document may begin in one shard and end in the next.
//
// A writer is used by one thread. PackedTokens is immutable once open: any number of threads may read.
#ifndef BONSAI_WORKER_DATA_PACKED_SHARD_H_
#define BONSAI_WORKER_DATA_PACKED_SHARD_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace bonsai {

inline constexpr int32_t kShardMagic = 20240520;
inline constexpr int32_t kShardVersion = 1;
inline constexpr size_t kShardHeaderBytes = 256 * sizeof(int32_t);
// The token count is an int32.
inline constexpr uint64_t kShardTokensMax = (uint64_t{1} << 31) - 1;
inline constexpr uint64_t kShardTokensDefault = 16 << 20;
inline constexpr size_t kShardsMax = 100000;  // "shard-00000.bin" to "shard-99999.bin"

// "shard-00007.bin"
std::string ShardName(size_t index);

// Checks a whole shard file (magic, version, the reserved zeros, a token count that is the file's size) and
// returns its ids, inside `bytes`, two bytes each. DataLoss names `name`, the field, its value and what would
// be valid.
absl::StatusOr<absl::Span<const uint8_t>> ParseShard(absl::string_view name, absl::Span<const uint8_t> bytes);

class PackedShardWriter {
 public:
  // Writes shards of `shard_tokens` tokens (the last may have fewer) into `folder`, which exists; the first
  // is number `first_shard`, as if those before it were written and full. InvalidArgument if shard_tokens is
  // 0 or above kShardTokensMax.
  static absl::StatusOr<std::unique_ptr<PackedShardWriter>> Create(const std::string& folder,
                                                                   uint64_t shard_tokens,
                                                                   size_t first_shard = 0);

  virtual ~PackedShardWriter() = default;

  // Appends ids to the row. Errors: ResourceExhausted (the disk is full, too many shards), Internal.
  virtual absl::Status Append(absl::Span<const uint16_t> ids) = 0;

  // Completes the last shard. Returns the names of the shards written, in order; none if no token was
  // appended.
  virtual absl::StatusOr<std::vector<std::string>> Close() = 0;

  // The tokens of the row: those appended, and those of the shards before the first.
  virtual uint64_t tokens() const = 0;
  // Shards that will not change any more, with those before the first.
  virtual size_t complete_shards() const = 0;
  // Tokens in the shard that is not complete.
  virtual uint64_t tokens_in_shard() const = 0;
};

class PackedTokens {
 public:
  // Maps the shards at `paths`, in this order. Every id that is read must be below `vocab_size`.
  // Errors: NotFound (a file cannot be read), DataLoss (as ParseShard), InvalidArgument (no paths; a
  // vocab_size outside 1..65536).
  static absl::StatusOr<std::unique_ptr<PackedTokens>> Open(const std::vector<std::string>& paths,
                                                            uint32_t vocab_size);

  virtual ~PackedTokens() = default;

  // Tokens in all shards.
  virtual uint64_t size() const = 0;

  // Copies the ids at [offset, offset + ids.size()) of the row. OutOfRange beyond size(); DataLoss names the
  // file and the position of an id that is not below vocab_size.
  virtual absl::Status Read(uint64_t offset, absl::Span<uint16_t> ids) const = 0;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_PACKED_SHARD_H_
