#include "deploy/stories/grammar.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "deploy/stories/lexicon.h"

namespace bonsai {
namespace {

constexpr int kDepthMax = 8;

[[noreturn]] void Abort(std::string_view what, std::string_view slot) {
  std::fprintf(stderr, "bonsai-stories: %.*s {%.*s}\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(slot.size()), slot.data());
  std::abort();
}

}  // namespace

Words Grammar::PickDifferent(const Words& words, size_t count) {
  Words left = words;
  Words picked;
  while (picked.size() < count) {
    const size_t i = Draw(left.size());
    picked.push_back(std::move(left[i]));
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return picked;
}

std::string Grammar::Expand(std::string_view text) { return Capitalize(Fill(text, 0)); }

std::string Grammar::Fill(std::string_view text, int depth) {
  std::string filled;
  while (true) {
    const size_t open = text.find('{');
    filled += text.substr(0, open);
    if (open == std::string_view::npos) return filled;
    const size_t close = text.find('}', open);
    if (close == std::string_view::npos || depth == kDepthMax)
      Abort("a template is not closed or nests too deep", text);
    filled += Slot(text.substr(open + 1, close - open - 1), depth + 1);
    text.remove_prefix(close + 1);
  }
}

std::string Grammar::Slot(std::string_view slot, int depth) {
  if (slot.substr(0, 2) == "a ") return WithArticle(Slot(slot.substr(2), depth));
  const std::string name(slot);
  if (const auto bound = bindings_.find(name); bound != bindings_.end()) return Fill(bound->second, depth);
  const Words* words = FindWords(name);
  if (words == nullptr) Abort("nothing fills the slot", slot);
  return Fill(Pick(*words), depth);
}

std::string WithArticle(const std::string& noun) {
  const bool vowel = std::string_view("aeiouAEIOU").find(noun[0]) != std::string_view::npos;
  return (vowel && noun.rfind("uni", 0) != 0 ? "an " : "a ") + noun;
}

std::string Capitalize(std::string text) {
  bool start = true;
  for (char& c : text) {
    if (start && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (c == '.' || c == '!' || c == '?' || c == '\n') {
      start = true;
    } else if (c != ' ' && c != '"') {
      start = false;
    }
  }
  return text;
}

}  // namespace bonsai
