#include "worker/data/document_text.h"

#include "absl/strings/ascii.h"

namespace bonsai {

std::vector<absl::string_view> DocumentTexts(const v1::Document& document) {
  std::vector<absl::string_view> texts;
  const auto add = [&texts](const std::string& text) {
    if (!text.empty()) texts.push_back(text);
  };
  switch (document.content_case()) {
    case v1::Document::kText:
      add(document.text());
      break;
    case v1::Document::kInstruction:
      add(document.instruction().instruction());
      add(document.instruction().input());
      add(document.instruction().output());
      break;
    case v1::Document::kMultipleChoice:
      add(document.multiple_choice().question());
      for (const v1::Choice& choice : document.multiple_choice().choices()) add(choice.text());
      break;
    case v1::Document::kRecord:
      add(document.record());
      break;
    case v1::Document::CONTENT_NOT_SET:
      break;
  }
  return texts;
}

uint64_t DocumentTextBytes(const v1::Document& document) {
  uint64_t bytes = 0;
  for (absl::string_view text : DocumentTexts(document)) bytes += text.size();
  return bytes;
}

uint64_t DocumentBytesWithoutEnds(const v1::Document& document) {
  uint64_t bytes = 0;
  for (absl::string_view text : DocumentTexts(document)) bytes += absl::StripAsciiWhitespace(text).size();
  return bytes;
}

}  // namespace bonsai
