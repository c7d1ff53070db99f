#include "evaluator/metrics/ter.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <tuple>
#include <vector>

#include "evaluator/metrics/unicode_text.h"
#include "evaluator/white_space.h"

namespace bonsai {
namespace {

// Tercom's limits, and sacrebleu's on the moves that are tried for a segment.
constexpr size_t kMoveWordsMax = 10;
constexpr size_t kMoveDistanceMax = 50;
constexpr int64_t kBeamWidth = 25;
constexpr size_t kMovesTriedMax = 1000;

using Words = std::vector<int32_t>;  // numbers of words, in the order of their texts

enum class Edit : char { kNone, kSubstitute, kInsert, kDelete, kUnknown };

struct Distance {
  int64_t cost = 0;
  std::vector<Edit> trace;  // how the hypothesis becomes the reference
};

struct Cell {
  int64_t cost = std::numeric_limits<int64_t>::max() / 2;
  Edit edit = Edit::kUnknown;
};

// Levenshtein's, within a beam around the diagonal.
Distance EditDistance(const Words& hypothesis, const Words& reference) {
  const auto rows = static_cast<int64_t>(hypothesis.size());
  const auto columns = static_cast<int64_t>(reference.size());
  std::vector<Cell> cells((rows + 1) * (columns + 1));
  const auto at = [&](int64_t i, int64_t j) -> Cell& { return cells[i * (columns + 1) + j]; };
  for (int64_t j = 0; j <= columns; ++j) at(0, j) = {j, Edit::kInsert};
  const double ratio = rows == 0 ? 1 : static_cast<double>(columns) / static_cast<double>(rows);
  const int64_t beam = static_cast<double>(kBeamWidth) < ratio / 2
                           ? static_cast<int64_t>(std::ceil(ratio / 2 + static_cast<double>(kBeamWidth)))
                           : kBeamWidth;
  for (int64_t i = 1; i <= rows; ++i) {
    const auto diagonal = static_cast<int64_t>(std::floor(static_cast<double>(i) * ratio));
    const int64_t first = std::max<int64_t>(0, diagonal - beam);
    const int64_t end = i == rows ? columns + 1 : std::min(columns + 1, diagonal + beam);
    for (int64_t j = first; j < end; ++j) {
      Cell& cell = at(i, j);
      if (j == 0) {
        cell = {at(i - 1, 0).cost + 1, Edit::kDelete};
        continue;
      }
      const bool same = hypothesis[i - 1] == reference[j - 1];
      const Cell ways[] = {{at(i - 1, j - 1).cost + (same ? 0 : 1), same ? Edit::kNone : Edit::kSubstitute},
                           {at(i - 1, j).cost + 1, Edit::kDelete},
                           {at(i, j - 1).cost + 1, Edit::kInsert}};
      for (const Cell& way : ways) {
        if (cell.cost > way.cost) cell = way;
      }
    }
  }
  Distance distance = {at(rows, columns).cost, {}};
  for (int64_t i = rows, j = columns; i > 0 || j > 0;) {
    const Edit edit = at(i, j).edit;
    distance.trace.push_back(edit);
    if (edit == Edit::kUnknown) break;  // outside of every beam: cannot be
    if (edit != Edit::kInsert) --i;
    if (edit != Edit::kDelete) --j;
  }
  std::reverse(distance.trace.begin(), distance.trace.end());
  return distance;
}

// Where the words of the two stand beside one another, and which are wrong.
struct Alignment {
  std::vector<int64_t> places;  // of each word of the reference in the hypothesis; -1: before it
  std::vector<bool> reference_wrong;
  std::vector<bool> hypothesis_wrong;
};

Alignment Align(const std::vector<Edit>& trace) {
  Alignment alignment;
  int64_t place = -1;
  for (const Edit edit : trace) {
    const bool wrong = edit != Edit::kNone;
    if (edit != Edit::kInsert) {
      ++place;
      alignment.hypothesis_wrong.push_back(wrong);
    }
    if (edit == Edit::kDelete) continue;
    alignment.places.push_back(place);
    alignment.reference_wrong.push_back(wrong);
  }
  return alignment;
}

bool AnyWrong(const std::vector<bool>& wrong, size_t start, size_t length) {
  return std::find(wrong.begin() + start, wrong.begin() + start + length, true) !=
         wrong.begin() + start + length;
}

// `length` words from `start` on go to before the word `target`.
Words Move(const Words& words, size_t start, size_t length, size_t target) {
  const auto first = words.begin() + static_cast<std::ptrdiff_t>(start);
  const auto last = first + static_cast<std::ptrdiff_t>(length);
  Words moved(words.begin(), first);
  moved.insert(moved.end(), last, words.end());
  // A target behind the words counts them; one within them moves them by as much.
  const size_t to = target <= start || target <= start + length ? target : target - length;
  moved.insert(moved.begin() + static_cast<std::ptrdiff_t>(std::min(to, moved.size())), first, last);
  return moved;
}

// The best move: the gain, the longest, the earliest, to the earliest place, and then by the words.
using Candidate = std::tuple<int64_t, size_t, int64_t, int64_t, Words>;

class MoveSearch {
 public:
  MoveSearch(const Words& hypothesis, const Words& reference, size_t* tried)
      : hypothesis_(hypothesis),
        reference_(reference),
        tried_(tried),
        before_(EditDistance(hypothesis, reference)),
        alignment_(Align(before_.trace)) {}

  // The hypothesis after the best move, and what it gains; 0 if there is none.
  std::pair<int64_t, Words> Run() {
    for (size_t start = 0; start < hypothesis_.size(); ++start) {
      for (size_t from = 0; from < reference_.size(); ++from) {
        if (std::max(start, from) - std::min(start, from) > kMoveDistanceMax) continue;
        for (size_t length = 1; length <= kMoveWordsMax; ++length) {
          if (start + length > hypothesis_.size() || from + length > reference_.size()) break;
          if (hypothesis_[start + length - 1] != reference_[from + length - 1]) break;
          if (!TryMoves(start, from, length)) continue;
          // The original looks at its limit behind every run that it tried.
          if (*tried_ >= kMovesTriedMax) return Best();
        }
      }
    }
    return Best();
  }

 private:
  std::pair<int64_t, Words> Best() const {
    if (std::get<4>(best_).empty()) return {0, hypothesis_};
    return {std::get<0>(best_), std::get<4>(best_)};
  }

  // False if the run is none to be moved.
  bool TryMoves(size_t start, size_t from, size_t length) {
    if (!AnyWrong(alignment_.hypothesis_wrong, start, length)) return false;
    if (!AnyWrong(alignment_.reference_wrong, from, length)) return false;
    const int64_t place = alignment_.places[from];
    if (static_cast<int64_t>(start) <= place && place < static_cast<int64_t>(start + length)) return false;
    int64_t previous = -1;
    for (size_t offset = 0; offset <= length; ++offset) {
      // Before the reference's words, then behind each of them.
      const int64_t word = static_cast<int64_t>(from + offset) - 1;
      if (word >= static_cast<int64_t>(alignment_.places.size())) break;
      const int64_t target = word < 0 ? 0 : alignment_.places[word] + 1;
      if (target == previous) continue;
      previous = target;
      Words moved = Move(hypothesis_, start, length, static_cast<size_t>(target));
      const int64_t gain = before_.cost - EditDistance(moved, reference_).cost;
      Candidate candidate = {gain, length, -static_cast<int64_t>(start), -target, std::move(moved)};
      ++*tried_;
      if (std::get<4>(best_).empty() || candidate > best_) best_ = std::move(candidate);
    }
    return true;
  }

  const Words& hypothesis_;
  const Words& reference_;
  size_t* const tried_;
  const Distance before_;
  const Alignment alignment_;
  Candidate best_;
};

uint64_t CountEdits(Words hypothesis, const Words& reference) {
  if (reference.empty()) return hypothesis.size();
  uint64_t moves = 0;
  for (size_t tried = 0; true; ++moves) {
    auto [gain, moved] = MoveSearch(hypothesis, reference, &tried).Run();
    if (tried >= kMovesTriedMax || gain <= 0) break;
    hypothesis = std::move(moved);
  }
  return moves + static_cast<uint64_t>(EditDistance(hypothesis, reference).cost);
}

}  // namespace

TerCounts& TerCounts::operator+=(const TerCounts& other) {
  edits += other.edits;
  reference_words += other.reference_words;
  return *this;
}

TerCounts CountTer(absl::string_view hypothesis, std::span<const std::string> references) {
  std::vector<std::string> texts = {LowerCase(hypothesis)};
  for (const std::string& reference : references) texts.push_back(LowerCase(reference));
  std::map<absl::string_view, int32_t> numbers;
  for (const std::string& text : texts) {
    for (absl::string_view word : SplitSpace(text)) numbers[word] = 0;
  }
  int32_t next = 0;
  for (auto& [word, number] : numbers) number = next++;
  std::vector<Words> numbered;
  for (const std::string& text : texts) {
    numbered.emplace_back();
    for (absl::string_view word : SplitSpace(text)) numbered.back().push_back(numbers[word]);
  }
  TerCounts counts = {.edits = std::numeric_limits<uint64_t>::max(), .reference_words = 0};
  for (size_t i = 1; i < numbered.size(); ++i) {
    counts.edits = std::min(counts.edits, CountEdits(numbered[0], numbered[i]));
    counts.reference_words += static_cast<double>(numbered[i].size());
  }
  counts.reference_words /= static_cast<double>(references.size());
  return counts;
}

double TerScore(const TerCounts& counts) {
  if (counts.reference_words > 0) return 100 * (static_cast<double>(counts.edits) / counts.reference_words);
  return counts.edits > 0 ? 100 : 0;
}

}  // namespace bonsai
