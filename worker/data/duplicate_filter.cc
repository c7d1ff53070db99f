#include "worker/data/duplicate_filter.h"

#include <charconv>
#include <string>

#include "storage/digest.h"

namespace bonsai {
namespace {

// Every field behind its length, so that no two contents give the same bytes.
class ContentDigest {
 public:
  void Add(const std::string& field) {
    const uint64_t size = field.size();
    digest_.Update({reinterpret_cast<const char*>(&size), sizeof(size)});
    digest_.Update(field);
  }

  absl::uint128 Finish() {
    const std::string hex = digest_.FinishHex();
    uint64_t high = 0, low = 0;
    std::from_chars(hex.data(), hex.data() + 16, high, 16);
    std::from_chars(hex.data() + 16, hex.data() + 32, low, 16);
    return absl::MakeUint128(high, low);
  }

 private:
  Sha256 digest_;
};

}  // namespace

bool DuplicateFilter::IsNew(const v1::Document& document) {
  // A benchmark's rows count as they are published, equal ones too.
  if (document.has_record()) return true;
  ContentDigest content;
  content.Add(std::to_string(document.content_case()));
  switch (document.content_case()) {
    case v1::Document::kText:
      content.Add(document.text());
      break;
    case v1::Document::kInstruction:
      content.Add(document.instruction().instruction());
      content.Add(document.instruction().input());
      content.Add(document.instruction().output());
      break;
    case v1::Document::kMultipleChoice:
      content.Add(document.multiple_choice().question());
      for (const v1::Choice& choice : document.multiple_choice().choices()) {
        content.Add(choice.label());
        content.Add(choice.text());
      }
      content.Add(document.multiple_choice().answer_label());
      break;
    case v1::Document::kRecord:
    case v1::Document::CONTENT_NOT_SET:
      break;
  }
  return seen_.insert(content.Finish()).second;
}

}  // namespace bonsai
