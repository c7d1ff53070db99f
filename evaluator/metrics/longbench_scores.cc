#include "evaluator/metrics/longbench_scores.h"

#include <algorithm>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "evaluator/metrics/unicode_text.h"
#include "evaluator/white_space.h"

namespace bonsai {
namespace {

// re.findall(r"\d+", text)
std::vector<std::string> Integers(absl::string_view text) {
  std::vector<std::u32string> integers;
  bool in_integer = false;
  for (const char32_t c : DecodeUtf8(text)) {
    const bool digit = IsDecimalDigit(c);
    if (digit && !in_integer) integers.emplace_back();
    if (digit) integers.back() += c;
    in_integer = digit;
  }
  std::vector<std::string> encoded;
  for (const std::u32string& integer : integers) encoded.push_back(EncodeUtf8(integer));
  return encoded;
}

absl::string_view WithoutLineEndsInFront(absl::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of('\n'), text.size()));
  return text;
}

}  // namespace

double CountScore(absl::string_view answer, absl::string_view reference) {
  const std::vector<std::string> integers = Integers(answer);
  if (integers.empty()) return 0;
  const auto right = std::count(integers.begin(), integers.end(), std::string(reference));
  return static_cast<double>(right) / static_cast<double>(integers.size());
}

double RetrievalScore(absl::string_view answer, absl::string_view reference, absl::string_view prefix) {
  for (size_t at = reference.find(prefix); at != absl::string_view::npos;
       at = reference.find(prefix, at + 1)) {
    const absl::string_view behind = reference.substr(at + prefix.size());
    const std::vector<std::string> integers = Integers(behind);
    if (!integers.empty() && absl::StartsWith(behind, integers[0])) return CountScore(answer, integers[0]);
  }
  return 0;
}

double ClassificationScore(absl::string_view answer, absl::string_view reference,
                           std::span<const std::string> classes) {
  std::vector<absl::string_view> named;
  for (const std::string& name : classes) {
    if (absl::StrContains(answer, name)) named.push_back(name);
  }
  // The original removes from the list that it goes through, so each removal hides the next class.
  for (size_t i = 0; i < named.size(); ++i) {
    const absl::string_view name = named[i];
    if (name != reference && absl::StrContains(reference, name))
      named.erase(std::find(named.begin(), named.end(), name));
  }
  if (std::find(named.begin(), named.end(), reference) == named.end()) return 0;
  return 1.0 / static_cast<double>(named.size());
}

double CodeScore(absl::string_view answer, absl::string_view reference, FuzzMethod method) {
  if (method == FuzzMethod::kLevenshtein) answer = WithoutLineEndsInFront(answer);
  absl::string_view code;
  for (absl::string_view line : absl::StrSplit(answer, '\n')) {
    if (method == FuzzMethod::kDifflib && StripSpace(line).empty()) continue;
    if (absl::StrContains(line, '`') || absl::StrContains(line, '#') || absl::StrContains(line, "//"))
      continue;
    code = line;
    break;
  }
  return FuzzRatio(code, reference, method) / 100.;
}

absl::string_view FirstLine(absl::string_view answer) {
  answer = WithoutLineEndsInFront(answer);
  return answer.substr(0, answer.find('\n'));
}

}  // namespace bonsai
