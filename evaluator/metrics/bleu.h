// BLEU of a corpus of segments, as two libraries have it: sacrebleu (exponential smoothing, the closest
// reference length) and Hugging Face's `bleu` (no smoothing, the shortest reference). The counts are K.
// Papineni et al., "BLEU: a method for automatic evaluation of machine translation", 2002. Called by suites.
// Values.
#ifndef BONSAI_EVALUATOR_METRICS_BLEU_H_
#define BONSAI_EVALUATOR_METRICS_BLEU_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace bonsai {

inline constexpr size_t kBleuOrder = 4;

enum class ReferenceLength { kClosest, kShortest };  // of equally close ones, the shorter

// What a corpus adds up before it has a score.
struct BleuCounts {
  uint64_t hypothesis_tokens = 0;
  uint64_t reference_tokens = 0;
  std::array<uint64_t, kBleuOrder> matches = {};  // n-grams of the hypothesis that a reference holds, clipped
  std::array<uint64_t, kBleuOrder> total = {};    // n-grams of the hypothesis

  BleuCounts& operator+=(const BleuCounts& other);
};

// Of one segment. `references` is not empty.
BleuCounts CountBleu(std::span<const std::string> hypothesis,
                     std::span<const std::vector<std::string>> references, ReferenceLength length);

// sacrebleu's corpus score, 0 to 100: smooth_method "exp", no effective order.
double SacrebleuScore(const BleuCounts& counts);

// Hugging Face's `bleu`, 0 to 1: max_order 4, smooth=False.
double PlainBleuScore(const BleuCounts& counts);

// sacrebleu.corpus_bleu([hypothesis], [[reference]], tokenize="intl").
double SacrebleuIntl(absl::string_view hypothesis, absl::string_view reference);

// evaluate.load("bleu").compute(predictions=[hypothesis], references=[reference])["bleu"].
double PlainBleu(absl::string_view hypothesis, absl::string_view reference);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_METRICS_BLEU_H_
