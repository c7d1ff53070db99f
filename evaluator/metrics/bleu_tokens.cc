#include "evaluator/metrics/bleu_tokens.h"

#include <functional>

#include "absl/strings/str_replace.h"
#include "evaluator/metrics/unicode_text.h"
#include "evaluator/white_space.h"

namespace bonsai {
namespace {

using Class = bool (*)(char32_t);

// re.sub of two classes in a row: the matches do not overlap. The member of `padded` gets spaces around it.
enum class Padded { kFirst, kSecond };
std::u32string PadPairs(const std::u32string& text, Class first, Class second, Padded padded) {
  std::u32string out;
  out.reserve(text.size() * 2);
  for (size_t i = 0; i < text.size(); ++i) {
    if (i + 1 >= text.size() || !first(text[i]) || !second(text[i + 1])) {
      out += text[i];
      continue;
    }
    if (padded == Padded::kFirst) out += U' ';
    out += text[i];
    out += U' ';
    out += text[++i];
    if (padded == Padded::kSecond) out += U' ';
  }
  return out;
}

std::u32string PadAll(const std::u32string& text, Class wanted) {
  std::u32string out;
  out.reserve(text.size() * 2);
  for (const char32_t c : text) {
    if (wanted(c)) {
      out += U' ';
      out += c;
      out += U' ';
    } else {
      out += c;
    }
  }
  return out;
}

std::vector<std::string> Words(const std::u32string& text) {
  const std::string encoded = EncodeUtf8(text);
  std::vector<std::string> words;
  for (absl::string_view word : SplitSpace(encoded)) words.emplace_back(word);
  return words;
}

bool IsNoNumber(char32_t c) { return !IsNumber(c); }
bool IsAsciiDigit(char32_t c) { return c >= U'0' && c <= U'9'; }
bool IsNoAsciiDigit(char32_t c) { return !IsAsciiDigit(c); }
bool IsDotOrComma(char32_t c) { return c == U'.' || c == U','; }
bool IsDash(char32_t c) { return c == U'-'; }

// mteval-v13a's set: ASCII punctuation without apostrophe, comma, dash and dot, and the space.
bool StandsAloneIn13a(char32_t c) {
  if (c == U'\'' || c == U',' || c == U'-' || c == U'.') return false;
  return IsAsciiPunctuation(c) || c == U' ';
}

}  // namespace

std::vector<std::string> IntlTokens(absl::string_view text) {
  std::u32string line = DecodeUtf8(text);
  line = PadPairs(line, IsNoNumber, IsPunctuation, Padded::kSecond);
  line = PadPairs(line, IsPunctuation, IsNoNumber, Padded::kFirst);
  return Words(PadAll(line, IsSymbol));
}

std::vector<std::string> Tokens13a(absl::string_view text) {
  std::string plain = absl::StrReplaceAll(text, {{"<skipped>", ""}});
  plain = absl::StrReplaceAll(plain, {{"-\n", ""}});
  plain = absl::StrReplaceAll(plain, {{"\n", " "}});
  // One after the other: "&amp;lt;" becomes "<".
  for (const auto& [entity, character] :
       {std::pair{"&quot;", "\""}, {"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}}) {
    plain = absl::StrReplaceAll(plain, {{entity, character}});
  }
  std::u32string line = PadAll(DecodeUtf8(" " + plain + " "), StandsAloneIn13a);
  line = PadPairs(line, IsNoAsciiDigit, IsDotOrComma, Padded::kSecond);
  line = PadPairs(line, IsDotOrComma, IsNoAsciiDigit, Padded::kFirst);
  return Words(PadPairs(line, IsAsciiDigit, IsDash, Padded::kSecond));
}

}  // namespace bonsai
