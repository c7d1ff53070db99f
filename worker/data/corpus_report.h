// What a data job found: the report.json of a corpus artifact.
//
// Filled by the data runner, one thread.
#ifndef BONSAI_WORKER_DATA_CORPUS_REPORT_H_
#define BONSAI_WORKER_DATA_CORPUS_REPORT_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "bonsai/v1/artifact.pb.h"

namespace bonsai {

// How long documents are, in bytes of text: exact ends and mean, and counts between powers of two.
class LengthDistribution {
 public:
  void Add(uint64_t bytes);

  uint64_t count() const { return count_; }
  uint64_t total() const { return total_; }
  uint64_t smallest() const { return count_ == 0 ? 0 : smallest_; }
  uint64_t largest() const { return largest_; }
  // Documents of [2^i, 2^(i+1)) bytes; those of 0 and 1 byte are in bucket 0.
  const std::array<uint64_t, 64>& buckets() const { return buckets_; }

 private:
  uint64_t count_ = 0;
  uint64_t total_ = 0;
  uint64_t smallest_ = UINT64_MAX;
  uint64_t largest_ = 0;
  std::array<uint64_t, 64> buckets_ = {};
};

// One file. source.documents = kept + duplicates + empty.
struct SourceReport {
  v1::DatasetSource source;
  uint64_t kept = 0;
  uint64_t duplicates = 0;      // dropped: the same content was there before, in this file or an earlier one
  uint64_t empty = 0;           // dropped: no text at all
  uint64_t bytes_replaced = 0;  // that were not UTF-8
};

struct CorpusReport {
  std::string format;  // "text", "instructions" or "multiple_choice"
  std::vector<SourceReport> sources;
  LengthDistribution lengths;  // of the documents kept
  bool max_documents_reached = false;

  uint64_t duplicates() const;
};

std::string WriteCorpusReport(const CorpusReport& report);

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_CORPUS_REPORT_H_
