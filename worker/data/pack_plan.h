// What a pack job is to do, read from its spec and its inputs: the tokenizer, and the corpora with the share
// that each is to have.
//
// Made by the pack runner, one thread; constant afterwards.
#ifndef BONSAI_WORKER_DATA_PACK_PLAN_H_
#define BONSAI_WORKER_DATA_PACK_PLAN_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "edge_runtime/model/tokenizer.h"
#include "runner/runner.h"

namespace bonsai {

struct PackPart {
  std::string field;        // "pack.corpus", "pack.mixture[0].corpus"
  std::string artifact_id;  // of the corpus
  std::string path;         // its documents.binpb
  uint64_t documents = 0;   // in it, at least 1
  uint64_t first = 0;       // the document to begin with
  double weight = 1;
};

struct PackPlan {
  std::unique_ptr<edge::Tokenizer> tokenizer;
  std::string tokenizer_file;  // its name: "tokenizer.model" or "tokenizer.json"
  std::string tokenizer_path;
  std::vector<PackPart> parts;  // one, without a mixture
  bool mixture = false;
  uint64_t tokens = 0;  // end with the document that reaches these; 0: with the first part that is used up
  uint64_t shard_tokens = 0;
  uint64_t checkpoint_every_shards = 0;
  int threads = 1;
};

// Errors: InvalidArgument (a weight, a mixture beside a corpus), FailedPrecondition (a corpus that is not
// text, or empty; a tokenizer that does not load, has no BOS or EOS, or more than 65536 ids), DataLoss (a
// broken corpus).
absl::StatusOr<PackPlan> PlanPack(RunnerContext& context);

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_PACK_PLAN_H_
