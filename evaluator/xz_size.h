// What `xz -9e` needs for a text: a figure without a model to hold a model's bits per byte against. The
// evaluation runner measures it on a second thread while the model scores.
#ifndef BONSAI_EVALUATOR_XZ_SIZE_H_
#define BONSAI_EVALUATOR_XZ_SIZE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/document_file.h"

namespace bonsai {

// The largest text that is compressed: the dictionary holds all of it, and the encoder takes some ten times
// that.
inline constexpr uint64_t kXzTextBytesMax = uint64_t{256} << 20;

// Counts the bytes of the .xz file of a text that comes in pieces. One thread.
class XzSize {
 public:
  // `text_bytes` is the text's size: preset 9 with extreme, and a dictionary that holds all of it.
  // InvalidArgument beyond kXzTextBytesMax; ResourceExhausted if the encoder's memory is not to be had.
  static absl::StatusOr<XzSize> Create(uint64_t text_bytes);
  ~XzSize();
  XzSize(XzSize&& other) noexcept;
  XzSize& operator=(XzSize&&) = delete;

  absl::Status Append(absl::string_view piece);
  // Ends the file. Nothing may be appended afterwards.
  absl::StatusOr<uint64_t> Finish();

 private:
  struct State;
  explicit XzSize(State* state) : state_(state) {}
  absl::Status Run(int action);

  State* state_;
};

// Bits per byte of a text of documents, joined by "\n".
struct XzFigures {
  double alone = 0;
  // (size(reference + "\n" + text) - size(reference)) * 8 / bytes of text.
  std::optional<double> after_reference;
};

// `open_reference`, if set, opens the reference's documents anew each time; they must be text. `stop` is
// asked between documents; when it says true the result is Cancelled. `texts` must not be empty.
absl::StatusOr<XzFigures> MeasureXz(
    std::span<const std::string> texts,
    const std::function<absl::StatusOr<std::unique_ptr<DocumentReader>>()>& open_reference,
    const std::function<bool()>& stop);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_XZ_SIZE_H_
