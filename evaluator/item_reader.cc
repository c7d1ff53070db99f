#include "evaluator/item_reader.h"

#include <cstdint>

#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

// Takes a varint of at most 5 bytes off the front; false if there is none.
bool TakeLength(absl::string_view* bytes, uint64_t* length) {
  *length = 0;
  for (size_t i = 0; i < 5 && i < bytes->size(); ++i) {
    const auto byte = static_cast<uint8_t>((*bytes)[i]);
    *length |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
    if ((byte & 0x80) != 0) continue;
    bytes->remove_prefix(i + 1);
    return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<std::vector<v1::ItemResult>> ParseItems(absl::string_view bytes, size_t items_max) {
  std::vector<v1::ItemResult> items;
  absl::string_view left = bytes;
  while (!left.empty()) {
    const size_t start = bytes.size() - left.size();
    const auto wrong = [&](absl::string_view what) {
      return absl::DataLossError(absl::StrCat("item ", items.size(), " at byte ", start, ": ", what));
    };
    if (items.size() == items_max) return wrong(absl::StrCat("there are more than ", items_max, " items"));
    uint64_t length = 0;
    if (!TakeLength(&left, &length)) return wrong("its length is not whole");
    if (length > left.size()) {
      return wrong(absl::StrCat("its length is ", length, ", but ", left.size(), " bytes are left"));
    }
    v1::ItemResult item;
    if (!item.ParseFromArray(left.data(), static_cast<int>(length))) return wrong("not a v1.ItemResult");
    items.push_back(std::move(item));
    left.remove_prefix(length);
  }
  return items;
}

}  // namespace bonsai
