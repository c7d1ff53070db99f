// Reads a GGUF file, version 3, of F32 and F16 tensors: what the export wrote is read again before anyone
// gets it. Called by the GGUF export. Pure functions.
#ifndef BONSAI_WORKER_SURGERY_GGUF_READER_H_
#define BONSAI_WORKER_SURGERY_GGUF_READER_H_

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "edge_runtime/model/safetensors.h"

namespace bonsai {

// Integers and floats of any width, booleans (as integers), strings, and arrays of them.
using GgufValue = std::variant<int64_t, double, std::string, std::vector<int64_t>, std::vector<double>,
                               std::vector<std::string>>;

struct GgufFile {
  std::map<std::string, GgufValue> metadata;
  // Shapes as safetensors has them: rows before columns. The views point into the file's bytes.
  std::map<std::string, edge::TensorView> tensors;
};

// DataLoss names what is wrong at which byte: another magic or version, a value or tensor that is not whole
// or overlaps the end, a name that comes twice, a type that is not known, offsets that are not aligned.
absl::StatusOr<GgufFile> ParseGguf(std::span<const uint8_t> bytes);

}  // namespace bonsai

#endif  // BONSAI_WORKER_SURGERY_GGUF_READER_H_
