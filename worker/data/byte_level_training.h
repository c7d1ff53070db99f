// Training of a byte-level BPE vocabulary: words are counted as text comes in, then the pair of neighbours
// that is there most often becomes a piece, again and again (Sennrich et al. 2016, over bytes as GPT-2 has
// it). The same words give the same vocabulary, in whatever order they come; ties go to the pair of the
// smaller ids.
//
// Memory grows with the distinct words, about 100 bytes each: the caller bounds the text. Called by the
// tokenizer runner, one thread.
#ifndef BONSAI_WORKER_DATA_BYTE_LEVEL_TRAINING_H_
#define BONSAI_WORKER_DATA_BYTE_LEVEL_TRAINING_H_

#include <cstdint>
#include <functional>
#include <queue>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "edge_runtime/model/byte_level_vocabulary.h"
#include "edge_runtime/model/tokenizer.h"

namespace bonsai {

class ByteLevelTraining {
 public:
  // The special pieces: their ids are 0 and 1, those of the bytes 2 to 257.
  static constexpr char kBosPiece[] = "<s>";
  static constexpr char kEosPiece[] = "</s>";
  // Longer words (runs of letters that no one wrote) are left out.
  static constexpr size_t kWordBytesMax = 256;

  // `stop` says whether to give up (Cancelled).
  explicit ByteLevelTraining(std::function<bool()> stop) : stop_(std::move(stop)) {}

  void Add(absl::string_view text);
  uint64_t bytes() const { return bytes_; }

  // Called once, after the last Add; `vocab_size` is at least 259. A pair that is there only once is not
  // learnt, nor one that makes a piece which is there already. InvalidArgument if too few pairs are left,
  // with the largest vocabulary that is possible.
  absl::StatusOr<edge::ByteLevelVocabulary> Train(uint32_t vocab_size);

  // After Train: whether the tokenizer gives every counted word the ids that training ended with. Internal
  // names the word.
  absl::Status CheckWords(const edge::Tokenizer& tokenizer) const;

 private:
  struct Word {
    size_t begin = 0;  // of its pieces in symbols_
    uint32_t size = 0;
    int64_t count = 0;
  };
  struct PairState {
    int64_t count = 0;
    std::vector<uint32_t> words;  // that hold it, or once did
  };
  struct Candidate {
    int64_t count;
    uint64_t pair;
    bool operator<(const Candidate& other) const {
      return count != other.count ? count < other.count : pair > other.pair;
    }
  };

  void LayOutWords();
  void Change(int32_t left, int32_t right, int64_t change, uint32_t word);
  // The pair to merge next; 0 if none is left. (No pair is 0: that would be BOS twice.)
  uint64_t TakeBest();
  void Merge(uint64_t pair, int32_t made);

  const std::function<bool()> stop_;
  uint64_t bytes_ = 0;
  absl::flat_hash_map<std::string, int64_t> counts_;
  std::vector<int32_t> symbols_;
  std::vector<Word> words_;
  absl::flat_hash_map<uint64_t, PairState> pairs_;
  std::vector<uint64_t> new_pairs_;  // of the merge that is being done
  std::priority_queue<Candidate> candidates_;
  edge::ByteLevelVocabulary vocabulary_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_BYTE_LEVEL_TRAINING_H_
