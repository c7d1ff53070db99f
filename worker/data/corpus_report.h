// What a data job found: the report.json of a corpus artifact, and its properties.
//
// Filled by the data runner, one thread.
#ifndef BONSAI_WORKER_DATA_CORPUS_REPORT_H_
#define BONSAI_WORKER_DATA_CORPUS_REPORT_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "bonsai/v1/artifact.pb.h"
#include "worker/data/length_distribution.h"
#include "worker/data/script_counts.h"

namespace bonsai {

// One file. source.documents = kept + duplicates + empty + too_short.
struct SourceReport {
  v1::DatasetSource source;
  uint64_t kept = 0;
  uint64_t duplicates = 0;      // dropped: the same content was there before, in this file or an earlier one
  uint64_t empty = 0;           // dropped: no text at all, or white space
  uint64_t too_short = 0;       // dropped: less text than the spec asks for
  uint64_t bytes_replaced = 0;  // that were not UTF-8
};

// The scripts of all documents, and how many documents have more than half of their letters in each.
struct CorpusScripts {
  void AddDocument(const ScriptCounts& counts);

  ScriptCounts letters;
  uint64_t mostly_latin = 0;
  uint64_t mostly_han = 0;
  uint64_t mostly_other = 0;
  uint64_t mixed = 0;  // no script has more than half
  uint64_t without_letters = 0;
};

struct CorpusReport {
  std::string format;  // "text", "instructions", "multiple_choice" or "records"
  std::vector<SourceReport> sources;
  LengthDistribution lengths;  // of the documents kept
  CorpusScripts scripts;       // of the documents kept
  bool max_documents_reached = false;
};

std::string WriteCorpusReport(const CorpusReport& report);

// The artifact's properties, which `bonsai artifacts show` prints: names and values.
std::vector<std::pair<std::string, std::string>> CorpusProperties(const CorpusReport& report);

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_CORPUS_REPORT_H_
