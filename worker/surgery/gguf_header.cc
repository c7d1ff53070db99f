#include "worker/surgery/gguf_header.h"

#include <cstring>

namespace bonsai {
namespace {

// Numbered as gguf_metadata_value_type.
constexpr uint32_t kUint32 = 4;
constexpr uint32_t kInt32 = 5;
constexpr uint32_t kFloat32 = 6;
constexpr uint32_t kBool = 7;
constexpr uint32_t kString = 8;
constexpr uint32_t kArray = 9;
constexpr uint32_t kVersion = 3;

// Little-endian, as every target is.
template <typename T>
void Append(T value, std::string* out) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out->append(bytes, sizeof(T));
}

void AppendString(absl::string_view text, std::string* out) {
  Append<uint64_t>(text.size(), out);
  out->append(text.data(), text.size());
}

uint64_t Aligned(uint64_t bytes) { return (bytes + kGgufAlignment - 1) / kGgufAlignment * kGgufAlignment; }

}  // namespace

void GgufHeader::AddKey(absl::string_view key, uint32_t type) {
  AppendString(key, &metadata_);
  Append(type, &metadata_);
  ++keys_;
}

void GgufHeader::AddString(absl::string_view key, absl::string_view value) {
  AddKey(key, kString);
  AppendString(value, &metadata_);
}

void GgufHeader::AddUint32(absl::string_view key, uint32_t value) {
  AddKey(key, kUint32);
  Append(value, &metadata_);
}

void GgufHeader::AddFloat(absl::string_view key, float value) {
  AddKey(key, kFloat32);
  Append(value, &metadata_);
}

void GgufHeader::AddBool(absl::string_view key, bool value) {
  AddKey(key, kBool);
  Append<uint8_t>(value ? 1 : 0, &metadata_);
}

void GgufHeader::AddStrings(absl::string_view key, std::span<const std::string> values) {
  AddKey(key, kArray);
  Append(kString, &metadata_);
  Append<uint64_t>(values.size(), &metadata_);
  for (const std::string& value : values) AppendString(value, &metadata_);
}

void GgufHeader::AddFloats(absl::string_view key, std::span<const float> values) {
  AddKey(key, kArray);
  Append(kFloat32, &metadata_);
  Append<uint64_t>(values.size(), &metadata_);
  for (float value : values) Append(value, &metadata_);
}

void GgufHeader::AddInts(absl::string_view key, std::span<const int32_t> values) {
  AddKey(key, kArray);
  Append(kInt32, &metadata_);
  Append<uint64_t>(values.size(), &metadata_);
  for (int32_t value : values) Append(value, &metadata_);
}

void GgufHeader::AddTensor(absl::string_view name, std::span<const uint64_t> dims, GgufType type) {
  AppendString(name, &tensors_);
  Append<uint32_t>(static_cast<uint32_t>(dims.size()), &tensors_);
  uint64_t bytes = type == GgufType::kF16 ? 2 : 4;
  for (uint64_t dim : dims) {
    Append(dim, &tensors_);
    bytes *= dim;
  }
  Append(static_cast<uint32_t>(type), &tensors_);
  Append(data_bytes_, &tensors_);
  data_bytes_ += Aligned(bytes);
  ++tensor_count_;
}

std::string GgufHeader::Finish() const {
  std::string header = "GGUF";
  Append(kVersion, &header);
  Append(tensor_count_, &header);
  Append(keys_, &header);
  header += metadata_;
  header += tensors_;
  header.resize(Aligned(header.size()), '\0');
  return header;
}

}  // namespace bonsai
