#include "evaluator/degeneracy.h"

#include <cstdint>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "evaluator/white_space.h"

namespace bonsai {
namespace {

constexpr size_t kItemsMin = 10;
constexpr size_t kShownBytesMax = 40;

bool NearlyAll(size_t count, size_t total) { return count * 100 >= total * 98; }

// The most frequent text, and how often it occurs.
std::pair<absl::string_view, size_t> MostFrequent(const std::map<absl::string_view, size_t>& counts) {
  std::pair<absl::string_view, size_t> best;
  for (const auto& [text, count] : counts) {
    if (count > best.second) best = {text, count};
  }
  return best;
}

std::string Shown(absl::string_view text) {
  if (text.size() <= kShownBytesMax) return std::string(text);
  size_t bytes = kShownBytesMax;
  while (bytes > 0 && (text[bytes] & 0xc0) == 0x80) --bytes;
  return absl::StrCat(text.substr(0, bytes), "...");
}

}  // namespace

bool RepeatsItself(absl::string_view text) {
  constexpr size_t kPieceBytesMax = 32;
  constexpr size_t kTimesMin = 8;
  for (size_t piece = 1; piece <= kPieceBytesMax && piece * kTimesMin <= text.size(); ++piece) {
    // A text of period p equals itself moved by p bytes.
    if (text.substr(piece) == text.substr(0, text.size() - piece)) return true;
  }
  return false;
}

std::string FindDegeneracy(std::span<const v1::ItemResult> items) {
  if (items.size() < kItemsMin) return "";
  std::map<absl::string_view, size_t> answers;
  std::map<absl::string_view, size_t> outputs;
  std::set<absl::string_view> expected;
  std::set<absl::string_view> prompts;
  size_t generated = 0;
  size_t blank = 0;
  size_t repeating = 0;
  for (const v1::ItemResult& item : items) {
    expected.insert(item.expected());
    if (!item.extracted().empty()) ++answers[item.extracted()];
    if (!item.loglikelihoods().empty()) continue;
    ++generated;
    prompts.insert(item.prompt_sha256());
    blank += StripSpace(item.response()).empty();
    repeating += RepeatsItself(StripSpace(item.response()));
    ++outputs[item.response()];
  }
  const auto of = [](size_t count, size_t total, absl::string_view what) {
    return absl::StrCat(count, " of ", total, " ", what);
  };
  if (generated >= kItemsMin && NearlyAll(blank, generated))
    return absl::StrCat("gives no text to ", of(blank, generated, "questions"));
  const auto [answer, answered] = MostFrequent(answers);
  if (NearlyAll(answered, items.size()) && expected.size() > 1)
    return absl::StrCat("answers ", Shown(answer), " to ", of(answered, items.size(), "questions"));
  if (generated < kItemsMin) return "";
  const auto [output, given] = MostFrequent(outputs);
  if (NearlyAll(given, generated) && prompts.size() > 1)
    return absl::StrCat("gives the same text to ", of(given, generated, "questions"));
  if (NearlyAll(repeating, generated))
    return absl::StrCat("repeats a short text in ", of(repeating, generated, "outputs"));
  return "";
}

}  // namespace bonsai
