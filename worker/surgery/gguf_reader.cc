#include "worker/surgery/gguf_reader.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "worker/surgery/gguf_header.h"

namespace bonsai {
namespace {

constexpr uint32_t kVersion = 3;
constexpr uint64_t kKeysMax = 1 << 16;
constexpr uint64_t kTensorsMax = 1 << 20;
constexpr uint32_t kDimsMax = 4;

class GgufParser {
 public:
  explicit GgufParser(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  absl::StatusOr<GgufFile> Parse() {
    if (bytes_.size() < 4 || std::memcmp(bytes_.data(), "GGUF", 4) != 0) return Wrong("no GGUF file");
    at_ = 4;
    const auto version = Take<uint32_t>();
    const auto tensors = Take<uint64_t>();
    const auto keys = Take<uint64_t>();
    if (!whole_) return Wrong("the header is not whole");
    if (version != kVersion) return Wrong(absl::StrCat("version ", version, "; 3 is known"));
    if (tensors > kTensorsMax || keys > kKeysMax)
      return Wrong(absl::StrCat(tensors, " tensors and ", keys, " keys are more than a model has"));
    for (uint64_t i = 0; i < keys; ++i) {
      if (absl::Status read = ReadKey(); !read.ok()) return read;
    }
    for (uint64_t i = 0; i < tensors; ++i) {
      if (absl::Status read = ReadTensor(); !read.ok()) return read;
    }
    if (absl::Status placed = PlaceTensors(); !placed.ok()) return placed;
    return std::move(file_);
  }

 private:
  absl::Status Wrong(absl::string_view what) const {
    return absl::DataLossError(absl::StrCat("byte ", at_, ": ", what));
  }

  template <typename T>
  T Take() {
    T value{};
    if (bytes_.size() - at_ < sizeof(T)) {
      whole_ = false;
      return value;
    }
    std::memcpy(&value, bytes_.data() + at_, sizeof(T));
    at_ += sizeof(T);
    return value;
  }

  std::string TakeString() {
    const auto size = Take<uint64_t>();
    if (!whole_ || size > bytes_.size() - at_) {
      whole_ = false;
      return "";
    }
    std::string text(reinterpret_cast<const char*>(bytes_.data()) + at_, size);
    at_ += size;
    return text;
  }

  // A number of gguf_metadata_value_type; false if it is none.
  bool TakeNumber(uint32_t type, std::variant<int64_t, double>* value) {
    switch (type) {
      case 0:
      case 7:
        *value = int64_t{Take<uint8_t>()};
        return true;
      case 1:
        *value = int64_t{Take<int8_t>()};
        return true;
      case 2:
        *value = int64_t{Take<uint16_t>()};
        return true;
      case 3:
        *value = int64_t{Take<int16_t>()};
        return true;
      case 4:
        *value = int64_t{Take<uint32_t>()};
        return true;
      case 5:
        *value = int64_t{Take<int32_t>()};
        return true;
      case 6:
        *value = double{Take<float>()};
        return true;
      case 10:
        *value = static_cast<int64_t>(Take<uint64_t>());
        return true;
      case 11:
        *value = Take<int64_t>();
        return true;
      case 12:
        *value = Take<double>();
        return true;
      default:
        return false;
    }
  }

  absl::Status ReadArray(GgufValue* value) {
    const auto type = Take<uint32_t>();
    const auto count = Take<uint64_t>();
    // Every element takes a byte at least.
    if (!whole_ || count > bytes_.size() - at_) return Wrong("an array is not whole");
    if (type == 8) {
      std::vector<std::string> strings;
      for (uint64_t i = 0; i < count && whole_; ++i) strings.push_back(TakeString());
      *value = std::move(strings);
      return absl::OkStatus();
    }
    std::vector<int64_t> integers;
    std::vector<double> floats;
    const bool is_float = type == 6 || type == 12;
    for (uint64_t i = 0; i < count && whole_; ++i) {
      std::variant<int64_t, double> number;
      if (!TakeNumber(type, &number)) return Wrong(absl::StrCat("an array of type ", type));
      if (is_float) {
        floats.push_back(std::get<double>(number));
      } else {
        integers.push_back(std::get<int64_t>(number));
      }
    }
    if (is_float) {
      *value = std::move(floats);
    } else {
      *value = std::move(integers);
    }
    return absl::OkStatus();
  }

  absl::Status ReadKey() {
    const std::string key = TakeString();
    const auto type = Take<uint32_t>();
    if (!whole_) return Wrong("a key is not whole");
    GgufValue value;
    std::variant<int64_t, double> number;
    if (type == 8) {
      value = TakeString();
    } else if (type == 9) {
      if (absl::Status read = ReadArray(&value); !read.ok()) return read;
    } else if (TakeNumber(type, &number)) {
      if (std::holds_alternative<double>(number)) {
        value = std::get<double>(number);
      } else {
        value = std::get<int64_t>(number);
      }
    } else {
      return Wrong(absl::StrCat("the value of ", key, " has the type ", type, ", which is not known"));
    }
    if (!whole_) return Wrong(absl::StrCat("the value of ", key, " is not whole"));
    if (!file_.metadata.emplace(key, std::move(value)).second)
      return Wrong(absl::StrCat(key, " comes twice"));
    return absl::OkStatus();
  }

  absl::Status ReadTensor() {
    const std::string name = TakeString();
    const auto dims = Take<uint32_t>();
    if (!whole_ || dims == 0 || dims > kDimsMax) return Wrong("a tensor's name or dimensions are not whole");
    edge::TensorView view;
    uint64_t elements = 1;
    for (uint32_t i = 0; i < dims; ++i) {
      const auto dim = Take<uint64_t>();
      if (dim == 0 || dim > bytes_.size() || elements > bytes_.size() / dim)
        return Wrong(absl::StrCat("tensor ", name, " is larger than the file"));
      elements *= dim;
      view.shape.insert(view.shape.begin(), static_cast<int64_t>(dim));
    }
    const auto type = Take<uint32_t>();
    const auto offset = Take<uint64_t>();
    if (!whole_) return Wrong(absl::StrCat("tensor ", name, " is not whole"));
    if (type > 1)
      return Wrong(absl::StrCat("tensor ", name, " has the type ", type, "; F32 and F16 are known"));
    if (offset % kGgufAlignment != 0) return Wrong(absl::StrCat("tensor ", name, " is not aligned"));
    view.dtype = type == 1 ? edge::DType::kF16 : edge::DType::kF32;
    if (!file_.tensors.emplace(name, std::move(view)).second)
      return Wrong(absl::StrCat(name, " comes twice"));
    offsets_.emplace_back(name, offset);
    return absl::OkStatus();
  }

  absl::Status PlaceTensors() {
    const uint64_t start = (at_ + kGgufAlignment - 1) / kGgufAlignment * kGgufAlignment;
    for (const auto& [name, offset] : offsets_) {
      edge::TensorView& view = file_.tensors.at(name);
      uint64_t size = edge::DTypeBytes(view.dtype);
      for (int64_t dim : view.shape) size *= static_cast<uint64_t>(dim);
      if (start > bytes_.size() || offset > bytes_.size() - start || size > bytes_.size() - start - offset)
        return Wrong(absl::StrCat("tensor ", name, " ends behind the file"));
      view.data = bytes_.subspan(start + offset, size);
    }
    return absl::OkStatus();
  }

  const std::span<const uint8_t> bytes_;
  size_t at_ = 0;
  bool whole_ = true;
  GgufFile file_;
  std::vector<std::pair<std::string, uint64_t>> offsets_;
};

}  // namespace

absl::StatusOr<GgufFile> ParseGguf(std::span<const uint8_t> bytes) { return GgufParser(bytes).Parse(); }

}  // namespace bonsai
