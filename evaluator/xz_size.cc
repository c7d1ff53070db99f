#include "evaluator/xz_size.h"

#include <lzma.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace bonsai {

struct XzSize::State {
  lzma_stream stream = LZMA_STREAM_INIT;
  std::vector<uint8_t> sink = std::vector<uint8_t>(1 << 16);  // what is compressed is counted and dropped
};

absl::StatusOr<XzSize> XzSize::Create(uint64_t text_bytes) {
  if (text_bytes > kXzTextBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("xz: a text of ", text_bytes, " bytes; at most ",
                                                   kXzTextBytesMax, " are compressed (see xz_reference)"));
  }
  lzma_options_lzma options;
  if (lzma_lzma_preset(&options, 9 | LZMA_PRESET_EXTREME)) return absl::InternalError("xz: no preset 9e");
  options.dict_size = std::max<uint32_t>(options.dict_size, static_cast<uint32_t>(text_bytes));
  const lzma_filter filters[] = {{LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, nullptr}};
  XzSize size(new State);
  const lzma_ret result = lzma_stream_encoder(&size.state_->stream, filters, LZMA_CHECK_CRC64);
  if (result == LZMA_MEM_ERROR) {
    return absl::ResourceExhaustedError(
        absl::StrCat("xz: no memory for a dictionary of ", options.dict_size, " bytes"));
  }
  if (result != LZMA_OK) return absl::InternalError(absl::StrCat("xz: liblzma's error ", result));
  return size;
}

XzSize::XzSize(XzSize&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}

XzSize::~XzSize() {
  if (state_ == nullptr) return;
  lzma_end(&state_->stream);
  delete state_;
}

absl::Status XzSize::Run(int action) {
  lzma_stream& stream = state_->stream;
  for (;;) {
    stream.next_out = state_->sink.data();
    stream.avail_out = state_->sink.size();
    const lzma_ret result = lzma_code(&stream, static_cast<lzma_action>(action));
    if (result == LZMA_STREAM_END) return absl::OkStatus();
    if (result == LZMA_MEM_ERROR) return absl::ResourceExhaustedError("xz: no memory");
    if (result != LZMA_OK) return absl::InternalError(absl::StrCat("xz: liblzma's error ", result));
    if (action == LZMA_RUN && stream.avail_in == 0) return absl::OkStatus();
  }
}

absl::Status XzSize::Append(absl::string_view piece) {
  if (piece.empty()) return absl::OkStatus();
  state_->stream.next_in = reinterpret_cast<const uint8_t*>(piece.data());
  state_->stream.avail_in = piece.size();
  return Run(LZMA_RUN);
}

absl::StatusOr<uint64_t> XzSize::Finish() {
  if (absl::Status status = Run(LZMA_FINISH); !status.ok()) return status;
  return state_->stream.total_out;
}

namespace {

using OpenReader = std::function<absl::StatusOr<std::unique_ptr<DocumentReader>>()>;
using Sink = std::function<absl::Status(absl::string_view)>;

uint64_t JoinedBytes(std::span<const std::string> texts) {
  uint64_t bytes = texts.size() - 1;
  for (const std::string& text : texts) bytes += text.size();
  return bytes;
}

absl::Status AppendJoined(std::span<const std::string> texts, const std::function<bool()>& stop,
                          const Sink& append) {
  for (size_t i = 0; i < texts.size(); ++i) {
    if (stop()) return absl::CancelledError("asked to stop");
    if (absl::Status status = append(i > 0 ? "\n" : ""); !status.ok()) return status;
    if (absl::Status status = append(texts[i]); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status AppendReference(const OpenReader& open, const std::function<bool()>& stop, const Sink& append) {
  absl::StatusOr<std::unique_ptr<DocumentReader>> reader = open();
  if (!reader.ok()) return reader.status();
  v1::Document document;
  for (bool first = true;; first = false) {
    if (stop()) return absl::CancelledError("asked to stop");
    const absl::StatusOr<bool> more = (*reader)->Next(&document);
    if (!more.ok()) return more.status();
    if (!*more) return absl::OkStatus();
    if (document.content_case() != v1::Document::kText) {
      return absl::InvalidArgumentError(
          absl::StrCat("xz_reference: document ", (*reader)->documents() - 1, " is not text"));
    }
    if (absl::Status status = append(first ? "" : "\n"); !status.ok()) return status;
    if (absl::Status status = append(document.text()); !status.ok()) return status;
  }
}

// The compressed size of the reference and, behind it, of `texts` (unless there are none).
absl::StatusOr<uint64_t> SizeAfterReference(const OpenReader& open, uint64_t reference_bytes,
                                            std::span<const std::string> texts,
                                            const std::function<bool()>& stop) {
  absl::StatusOr<XzSize> xz = XzSize::Create(reference_bytes + (texts.empty() ? 0 : 1 + JoinedBytes(texts)));
  if (!xz.ok()) return xz.status();
  const Sink append = [&xz](absl::string_view piece) { return xz->Append(piece); };
  if (absl::Status status = AppendReference(open, stop, append); !status.ok()) return status;
  if (!texts.empty()) {
    if (absl::Status status = append("\n"); !status.ok()) return status;
    if (absl::Status status = AppendJoined(texts, stop, append); !status.ok()) return status;
  }
  return xz->Finish();
}

}  // namespace

absl::StatusOr<XzFigures> MeasureXz(std::span<const std::string> texts, const OpenReader& open_reference,
                                    const std::function<bool()>& stop) {
  const uint64_t bytes = JoinedBytes(texts);
  if (bytes == 0) return absl::InvalidArgumentError("xz: the text is empty");
  absl::StatusOr<XzSize> xz = XzSize::Create(bytes);
  if (!xz.ok()) return xz.status();
  const absl::Status appended =
      AppendJoined(texts, stop, [&xz](absl::string_view piece) { return xz->Append(piece); });
  if (!appended.ok()) return appended;
  const absl::StatusOr<uint64_t> alone = xz->Finish();
  if (!alone.ok()) return alone.status();

  XzFigures figures;
  const double bits_per_xz_byte = 8.0 / static_cast<double>(bytes);
  figures.alone = static_cast<double>(*alone) * bits_per_xz_byte;
  if (open_reference == nullptr) return figures;

  uint64_t reference_bytes = 0;
  const absl::Status counted = AppendReference(open_reference, stop, [&](absl::string_view piece) {
    reference_bytes += piece.size();
    return absl::OkStatus();
  });
  if (!counted.ok()) return counted;
  const absl::StatusOr<uint64_t> before = SizeAfterReference(open_reference, reference_bytes, {}, stop);
  if (!before.ok()) return before.status();
  const absl::StatusOr<uint64_t> after = SizeAfterReference(open_reference, reference_bytes, texts, stop);
  if (!after.ok()) return after.status();
  figures.after_reference = (static_cast<double>(*after) - static_cast<double>(*before)) * bits_per_xz_byte;
  return figures;
}

}  // namespace bonsai
