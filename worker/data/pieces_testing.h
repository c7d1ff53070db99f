// A tokenizer of pieces that a test makes up.
#ifndef BONSAI_WORKER_DATA_PIECES_TESTING_H_
#define BONSAI_WORKER_DATA_PIECES_TESTING_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edge_runtime/model/tokenizer.h"

namespace bonsai {

// Of pieces like "<0x41>" (bytes), "<s>" (control) and text, the first with the best score. It encodes
// nothing.
class PiecesForTest final : public edge::Tokenizer {
 public:
  explicit PiecesForTest(std::vector<std::string> pieces, bool merges_only = true)
      : pieces_(std::move(pieces)), merges_only_(merges_only) {}
  int32_t vocab_size() const override { return static_cast<int32_t>(pieces_.size()); }
  int32_t bos_id() const override { return -1; }
  int32_t eos_id() const override { return -1; }
  int32_t unk_id() const override { return -1; }
  std::vector<int32_t> Encode(std::string_view) const override { return {}; }
  std::string Decode(std::span<const int32_t>) const override { return ""; }
  std::string DecodePiece(int32_t id, int32_t) const override {
    const std::string piece(Piece(id));
    return piece == "<s>" ? "" : piece.starts_with("<0x") ? "A" : piece;
  }
  std::string_view Piece(int32_t id) const override { return pieces_[static_cast<size_t>(id)]; }
  float Score(int32_t id) const override { return static_cast<float>(-id); }
  bool merges_only() const override { return merges_only_; }

 private:
  const std::vector<std::string> pieces_;
  const bool merges_only_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_PIECES_TESTING_H_
