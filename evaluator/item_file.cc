#include "evaluator/item_file.h"

#include "absl/strings/str_cat.h"
#include "edge_runtime/model/utf8.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace bonsai {
namespace {

void MakeUtf8(std::string& text) {
  std::string valid;
  for (size_t at = 0; at < text.size();) {
    const size_t length = edge::Utf8Length(std::string_view(text).substr(at));
    valid += length == 0 ? edge::kReplacementCharacter : std::string_view(text).substr(at, length);
    at += length == 0 ? 1 : length;
  }
  text = std::move(valid);
}

}  // namespace

std::string ItemFilePath(absl::string_view suite) { return absl::StrCat("items/", suite, ".binpb"); }

absl::Status AddItems(RunnerContext& context, absl::string_view suite, std::span<const v1::ItemResult> items,
                      v1::Manifest& manifest) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    for (v1::ItemResult item : items) {
      for (std::string* text : {item.mutable_id(), item.mutable_prompt(), item.mutable_response(),
                                item.mutable_extracted(), item.mutable_expected()}) {
        MakeUtf8(*text);
      }
      coded.WriteVarint32(static_cast<uint32_t>(item.ByteSizeLong()));
      item.SerializeWithCachedSizes(&coded);
    }
  }
  return AddBytes(context, bytes, ItemFilePath(suite), manifest);
}

}  // namespace bonsai
