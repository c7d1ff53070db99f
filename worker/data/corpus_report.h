// What a data job found: the report.json of a corpus artifact.
//
// Filled by the data runner, one thread.
#ifndef BONSAI_WORKER_DATA_CORPUS_REPORT_H_
#define BONSAI_WORKER_DATA_CORPUS_REPORT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "bonsai/v1/artifact.pb.h"
#include "worker/data/length_distribution.h"

namespace bonsai {

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
