// Finds documents whose content was there before, byte for byte: by 128 bits of the SHA-256 of their content,
// so memory is about 18 bytes for each document and a false match is not to be expected (2^-64 even after
// 2^32 documents).
//
// Called by the data runner. Belongs to one thread.
#ifndef BONSAI_WORKER_DATA_DUPLICATE_FILTER_H_
#define BONSAI_WORKER_DATA_DUPLICATE_FILTER_H_

#include <cstddef>

#include "absl/container/flat_hash_set.h"
#include "absl/numeric/int128.h"
#include "bonsai/v1/document.pb.h"

namespace bonsai {

class DuplicateFilter {
 public:
  // Whether a document with this content (its id does not count) is new. Remembers it.
  bool IsNew(const v1::Document& document);

  size_t size() const { return seen_.size(); }

 private:
  absl::flat_hash_set<absl::uint128> seen_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_DUPLICATE_FILTER_H_
