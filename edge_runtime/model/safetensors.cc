#include "edge_runtime/model/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "edge_runtime/model/json.h"

namespace bonsai::edge {
namespace {

constexpr uint64_t kHeaderBytesMax = 100'000'000;  // the format's own limit
constexpr size_t kTensorsMax = 200'000;
constexpr size_t kDimensionsMax = 8;

struct Extent {
  uint64_t begin, end;
  const std::string* name;
};

bool ParseDType(const JsonValue* value, DType* dtype) {
  if (value == nullptr) return false;
  for (DType candidate : {DType::kF32, DType::kF16, DType::kBF16}) {
    if (value->string() == DTypeName(candidate)) {
      *dtype = candidate;
      return true;
    }
  }
  return false;
}

bool ParseShape(const JsonValue* value, std::vector<int64_t>* shape, uint64_t* elements) {
  if (value == nullptr || !value->is_array() || value->items().size() > kDimensionsMax) return false;
  *elements = 1;
  for (const JsonValue& item : value->items()) {
    const auto size = item.integer();
    if (!size || *size < 0) return false;
    shape->push_back(*size);
    if (__builtin_mul_overflow(*elements, static_cast<uint64_t>(*size), elements)) return false;
  }
  return *elements < (uint64_t{1} << 48);
}

// One entry of the header; `data` is the part of the file after the header.
bool ParseTensor(const JsonValue& entry, std::span<const uint8_t> data, TensorView* view, Extent* extent,
                 std::string* error) {
  const auto described = [&](const char* key) {
    const JsonValue* value = entry.Find(key);
    return std::string(key) + " is " + (value == nullptr ? "missing" : value->Describe());
  };
  if (!ParseDType(entry.Find("dtype"), &view->dtype)) {
    *error = described("dtype") + "; supported are F32, F16 and BF16";
    return false;
  }
  uint64_t elements = 0;
  if (!ParseShape(entry.Find("shape"), &view->shape, &elements)) {
    *error = described("shape") + "; it must be at most 8 sizes whose product is below 2^48";
    return false;
  }
  const JsonValue* offsets = entry.Find("data_offsets");
  const bool pair = offsets != nullptr && offsets->items().size() == 2;
  const auto begin = pair ? offsets->items()[0].integer() : std::nullopt;
  const auto end = pair ? offsets->items()[1].integer() : std::nullopt;
  if (!begin || !end || *begin < 0 || *end < *begin) {
    *error = described("data_offsets") + "; it must be [begin, end]";
    return false;
  }
  const std::string range = "data_offsets [" + std::to_string(*begin) + ", " + std::to_string(*end) + "]";
  if (static_cast<uint64_t>(*end) > data.size()) {
    *error = range + " reach beyond the " + std::to_string(data.size()) + " bytes of data in the file";
    return false;
  }
  const uint64_t bytes = elements * DTypeBytes(view->dtype);
  if (static_cast<uint64_t>(*end - *begin) != bytes) {
    *error = range + " hold " + std::to_string(*end - *begin) + " bytes; shape and dtype need " +
             std::to_string(bytes);
    return false;
  }
  extent->begin = static_cast<uint64_t>(*begin);
  extent->end = static_cast<uint64_t>(*end);
  view->data = data.subspan(extent->begin, bytes);
  return true;
}

// The format wants the tensors to cover the data without gaps, so that nothing hides in a file.
bool CheckCoverage(std::vector<Extent> extents, uint64_t data_bytes, std::string* error) {
  std::sort(extents.begin(), extents.end(), [](const Extent& a, const Extent& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  uint64_t at = 0;
  for (const Extent& extent : extents) {
    if (extent.begin != at) {
      *error = "tensor " + JsonQuote(*extent.name) + ": data_offsets begin at " +
               std::to_string(extent.begin) +
               (extent.begin < at ? ", inside the tensor before it, which ends at "
                                  : ", which leaves a gap after the tensor before it, which ends at ") +
               std::to_string(at);
      return false;
    }
    at = extent.end;
  }
  if (at == data_bytes) return true;
  *error = "the tensors end at byte " + std::to_string(at) + " of the data, which has " +
           std::to_string(data_bytes) + " bytes";
  return false;
}

bool ParseHeader(const JsonValue& header, std::span<const uint8_t> data,
                 std::map<std::string, TensorView>* tensors, std::string* error) {
  if (!header.is_object() || header.members().size() > kTensorsMax) {
    *error = "the header is " + header.Describe() + "; it must be an object of at most " +
             std::to_string(kTensorsMax) + " tensors";
    return false;
  }
  std::vector<Extent> extents;
  for (const auto& [name, entry] : header.members()) {
    if (name == "__metadata__") continue;
    TensorView view;
    Extent extent{0, 0, &name};
    if (!ParseTensor(entry, data, &view, &extent, error)) {
      *error = "tensor " + JsonQuote(name) + ": " + *error;
      return false;
    }
    extents.push_back(extent);
    tensors->emplace(name, std::move(view));
  }
  return CheckCoverage(std::move(extents), data.size(), error);
}

}  // namespace

size_t DTypeBytes(DType dtype) { return dtype == DType::kF32 ? 4 : 2; }

std::string_view DTypeName(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return "F32";
    case DType::kF16:
      return "F16";
    case DType::kBF16:
      return "BF16";
  }
  return "";
}

bool ParseSafetensors(std::span<const uint8_t> bytes, std::map<std::string, TensorView>* tensors,
                      std::string* error) {
  tensors->clear();
  if (bytes.size() < 8) {
    *error =
        "safetensors: the file has " + std::to_string(bytes.size()) + " bytes; the header's length needs 8";
    return false;
  }
  uint64_t header_bytes = 0;
  for (int i = 7; i >= 0; --i) header_bytes = header_bytes << 8 | bytes[static_cast<size_t>(i)];
  if (header_bytes > kHeaderBytesMax || header_bytes > bytes.size() - 8) {
    *error = "safetensors: the header's length is " + std::to_string(header_bytes) + "; the file has " +
             std::to_string(bytes.size()) + " bytes and a header at most " + std::to_string(kHeaderBytesMax);
    return false;
  }
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + 8, header_bytes);
  const auto header = JsonValue::Parse(
      text, error, {.bytes_max = kHeaderBytesMax, .depth_max = 8, .values_max = kTensorsMax * 16});
  if (!header || !ParseHeader(*header, bytes.subspan(8 + header_bytes), tensors, error)) {
    *error = "safetensors: " + *error;
    tensors->clear();
    return false;
  }
  return true;
}

std::string WriteSafetensorsHeader(const std::vector<TensorToWrite>& tensors) {
  JsonWriter writer;
  writer.BeginObject();
  writer.Key("__metadata__").BeginObject().Key("format").String("pt").EndObject();
  uint64_t offset = 0;
  for (const TensorToWrite& tensor : tensors) {
    uint64_t bytes = DTypeBytes(tensor.view.dtype);
    writer.Key(tensor.name).BeginObject();
    writer.Key("dtype").String(DTypeName(tensor.view.dtype));
    writer.Key("shape").BeginArray();
    for (int64_t size : tensor.view.shape) {
      writer.Integer(size);
      bytes *= static_cast<uint64_t>(size);
    }
    writer.EndArray();
    writer.Key("data_offsets").BeginArray();
    writer.Integer(static_cast<int64_t>(offset)).Integer(static_cast<int64_t>(offset + bytes));
    writer.EndArray().EndObject();
    offset += bytes;
  }
  writer.EndObject();
  std::string header = writer.text();
  // The tensors begin at a multiple of 64, a cache line, when the file is mapped.
  header.append((64 - (8 + header.size()) % 64) % 64, ' ');
  std::string out;
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<char>(header.size() >> (8 * i) & 0xFF));
  return out + header;
}

namespace {

// IEEE half precision, subnormals, infinities and NaN included.
float HalfToFloat(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const uint32_t exponent = half >> 10 & 0x1F;
  const uint32_t mantissa = half & 0x3FF;
  if (exponent == 0) {
    const float value = static_cast<float>(mantissa) * 0x1p-24f;
    return sign != 0 ? -value : value;
  }
  const uint32_t bits =
      exponent == 31 ? 0x7F800000 | mantissa << 13 : (exponent + 112) << 23 | mantissa << 13;
  return std::bit_cast<float>(sign | bits);
}

}  // namespace

size_t CountElements(const TensorView& view) { return view.data.size() / DTypeBytes(view.dtype); }

void CopyToFloat(const TensorView& view, size_t first, std::span<float> out) {
  const uint8_t* source = view.data.data() + first * DTypeBytes(view.dtype);
  if (view.dtype == DType::kF32) {
    if (!out.empty()) std::memcpy(out.data(), source, out.size_bytes());
    return;
  }
  for (size_t i = 0; i < out.size(); ++i) {
    const uint16_t bits = static_cast<uint16_t>(source[2 * i] | source[2 * i + 1] << 8);
    out[i] = view.dtype == DType::kF16 ? HalfToFloat(bits)
                                       : std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
  }
}

}  // namespace bonsai::edge
