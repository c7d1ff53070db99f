// The front of a GGUF file, version 3: metadata and the list of tensors, as ggml's docs/gguf.md describes
// them. Built by the GGUF export. One thread at a time.
#ifndef BONSAI_WORKER_SURGERY_GGUF_HEADER_H_
#define BONSAI_WORKER_SURGERY_GGUF_HEADER_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace bonsai {

inline constexpr uint64_t kGgufAlignment = 32;  // of every tensor's bytes

// Numbered as in ggml.
enum class GgufType : uint32_t { kF32 = 0, kF16 = 1 };

class GgufHeader {
 public:
  // Metadata, in the file's order. A key is added once.
  void AddString(absl::string_view key, absl::string_view value);
  void AddUint32(absl::string_view key, uint32_t value);
  void AddFloat(absl::string_view key, float value);
  void AddBool(absl::string_view key, bool value);
  void AddStrings(absl::string_view key, std::span<const std::string> values);
  void AddFloats(absl::string_view key, std::span<const float> values);
  void AddInts(absl::string_view key, std::span<const int32_t> values);

  // `dims`: the fastest first (columns, rows). Tensors follow one another in this order, each from a multiple
  // of kGgufAlignment on.
  void AddTensor(absl::string_view name, std::span<const uint64_t> dims, GgufType type);

  // All bytes before the first tensor's.
  std::string Finish() const;

 private:
  void AddKey(absl::string_view key, uint32_t type);

  std::string metadata_;
  std::string tensors_;
  uint64_t keys_ = 0;
  uint64_t tensor_count_ = 0;
  uint64_t data_bytes_ = 0;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_SURGERY_GGUF_HEADER_H_
