// The safetensors format: a length, a JSON header, then tensors. Parsed from a buffer that the caller keeps
// (usually a mapped file), every offset checked against it.
//
// Standard library only.
#ifndef BONSAI_EDGE_RUNTIME_MODEL_SAFETENSORS_H_
#define BONSAI_EDGE_RUNTIME_MODEL_SAFETENSORS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bonsai::edge {

enum class DType { kF32, kF16, kBF16 };

size_t DTypeBytes(DType dtype);
std::string_view DTypeName(DType dtype);  // "F32", "F16", "BF16"

// A tensor inside a buffer that someone else keeps. Row-major, little-endian; `data` may be unaligned.
struct TensorView {
  DType dtype = DType::kF32;
  std::vector<int64_t> shape;
  std::span<const uint8_t> data;
};

// The number of elements in a view whose size matches its shape, as the parsers guarantee.
size_t CountElements(const TensorView& view);

// Elements first, first + 1, ... of the view, widened to F32 exactly. first + out.size() <=
// CountElements(view). The machine is little-endian, as every target is.
void CopyToFloat(const TensorView& view, size_t first, std::span<float> out);

// Reads the header of `bytes`. The views point into `bytes`. On failure returns false; *error names the
// tensor and the field (a header longer than the file, overlapping or out-of-range offsets, a size that is
// not shape x dtype, ...).
bool ParseSafetensors(std::span<const uint8_t> bytes, std::map<std::string, TensorView>* tensors,
                      std::string* error);

struct TensorToWrite {
  std::string name;
  TensorView view;
};

// The 8-byte length and the header for these tensors, in this order, without gaps. The tensors' bytes follow
// it.
std::string WriteSafetensorsHeader(const std::vector<TensorToWrite>& tensors);

}  // namespace bonsai::edge

#endif  // BONSAI_EDGE_RUNTIME_MODEL_SAFETENSORS_H_
