#include "evaluator/metrics/sequence_ratio.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <unordered_map>
#include <vector>

#include "evaluator/metrics/unicode_text.h"

namespace bonsai {
namespace {

// Characters that both have, of blocks as SequenceMatcher finds them.
class BlockMatcher {
 public:
  BlockMatcher(const std::u32string& a, const std::u32string& b) : a_(a), b_(b) {
    for (size_t j = 0; j < b.size(); ++j) places_[b[j]].push_back(j);
    if (b.size() < 200) return;
    const size_t popular = b.size() / 100 + 1;
    std::erase_if(places_, [popular](const auto& entry) { return entry.second.size() > popular; });
  }

  size_t CountMatches() const {
    size_t matches = 0;
    std::vector<Range> ranges = {{0, a_.size(), 0, b_.size()}};
    while (!ranges.empty()) {
      const Range range = ranges.back();
      ranges.pop_back();
      const Block block = Longest(range);
      if (block.size == 0) continue;
      matches += block.size;
      ranges.push_back({range.a_begin, block.a, range.b_begin, block.b});
      ranges.push_back({block.a + block.size, range.a_end, block.b + block.size, range.b_end});
    }
    return matches;
  }

 private:
  struct Range {
    size_t a_begin, a_end, b_begin, b_end;
  };
  struct Block {
    size_t a, b, size;
  };

  // The longest block that begins with no popular character, of equals the first in a, then in b; then longer
  // at both ends as far as the strings agree.
  Block Longest(const Range& range) const {
    Block best = {range.a_begin, range.b_begin, 0};
    std::unordered_map<size_t, size_t> ending;  // at a place of b: the length of the block that ends there
    for (size_t i = range.a_begin; i < range.a_end; ++i) {
      std::unordered_map<size_t, size_t> next;
      const auto found = places_.find(a_[i]);
      if (found != places_.end()) {
        for (size_t j : found->second) {
          if (j < range.b_begin) continue;
          if (j >= range.b_end) break;
          const auto before = j == 0 ? ending.end() : ending.find(j - 1);
          const size_t size = next[j] = (before == ending.end() ? 0 : before->second) + 1;
          if (size > best.size) best = {i - size + 1, j - size + 1, size};
        }
      }
      ending = std::move(next);
    }
    while (best.a > range.a_begin && best.b > range.b_begin && a_[best.a - 1] == b_[best.b - 1])
      best = {best.a - 1, best.b - 1, best.size + 1};
    while (best.a + best.size < range.a_end && best.b + best.size < range.b_end &&
           a_[best.a + best.size] == b_[best.b + best.size]) {
      ++best.size;
    }
    return best;
  }

  const std::u32string& a_;
  const std::u32string& b_;
  std::unordered_map<char32_t, std::vector<size_t>> places_;
};

double Ratio(size_t matches, const std::u32string& a, const std::u32string& b) {
  const size_t length = a.size() + b.size();
  return length == 0 ? 1 : 2. * static_cast<double>(matches) / static_cast<double>(length);
}

}  // namespace

double DifflibRatio(absl::string_view a, absl::string_view b) {
  const std::u32string first = DecodeUtf8(a);
  const std::u32string second = DecodeUtf8(b);
  return Ratio(BlockMatcher(first, second).CountMatches(), first, second);
}

double SubsequenceRatio(absl::string_view a, absl::string_view b) {
  const std::u32string first = DecodeUtf8(a);
  const std::u32string second = DecodeUtf8(b);
  std::vector<size_t> lengths(second.size() + 1);  // of the prefixes' subsequences, one row at a time
  for (const char32_t c : first) {
    size_t diagonal = 0;
    for (size_t j = 1; j <= second.size(); ++j) {
      const size_t above = lengths[j];
      lengths[j] = c == second[j - 1] ? diagonal + 1 : std::max(above, lengths[j - 1]);
      diagonal = above;
    }
  }
  return Ratio(lengths.back(), first, second);
}

int FuzzRatio(absl::string_view a, absl::string_view b, FuzzMethod method) {
  if (a == b) return 100;
  if (a.empty() || b.empty()) return 0;
  const double ratio = method == FuzzMethod::kDifflib ? DifflibRatio(a, b) : SubsequenceRatio(a, b);
  return static_cast<int>(std::nearbyint(100 * ratio));
}

}  // namespace bonsai
