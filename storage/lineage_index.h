// Which artifacts were made from what: from an artifact's inputs, and from a file's SHA-256 as its sources
// say, back to what came of them.
//
// Used by mark.h, which fills it, and by the coordinator. Values; one thread at a time.
#ifndef BONSAI_STORAGE_LINEAGE_INDEX_H_
#define BONSAI_STORAGE_LINEAGE_INDEX_H_

#include <set>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "bonsai/v1/artifact.pb.h"

namespace bonsai {

class LineageIndex {
 public:
  void Add(const std::string& id, const v1::Lineage& lineage);
  void Remove(const std::string& id);

  // All that came of an artifact, or of a file from outside with this SHA-256: breadth first, each once,
  // those of one artifact by id.
  std::vector<std::string> DescendantsOf(const std::string& id) const;
  // Whether an artifact says that it read a file with this SHA-256.
  bool HasSource(const std::string& sha256) const { return readers_.count(sha256) > 0; }

 private:
  struct Entry {
    std::vector<std::string> inputs;
    std::vector<std::string> sources;
  };
  absl::btree_map<std::string, Entry> entries_;
  absl::btree_map<std::string, std::set<std::string>> children_;  // by input
  absl::btree_map<std::string, std::set<std::string>> readers_;   // by source
};

}  // namespace bonsai

#endif  // BONSAI_STORAGE_LINEAGE_INDEX_H_
