// The forward pass: a Llama block (RMSNorm, rotary positions, grouped-query attention, SwiGLU), with the
// options of ModelConfig, over blocks of tokens. The engine's own Session; users see engine.h.
//
// Each block of at most kBlockTokens tokens goes through all layers, so that a weight is read once per block.
// Within a layer's attention the tokens of a block take their turns: one that steps back writes its keys and
// values over those of the branch before it, whose tokens have attended by then. So a block holds a tree, and
// the cache one path of it.
// Every number is computed by the same operations in the same order whatever the block, and by one thread
// alone (kernels.h): this is why neither threads nor the cut of a sequence changes a bit.
#ifndef BONSAI_EDGE_RUNTIME_ENGINE_SESSION_H_
#define BONSAI_EDGE_RUNTIME_ENGINE_SESSION_H_

#include <memory>
#include <vector>

#include "edge_runtime/engine/aligned_floats.h"
#include "edge_runtime/engine/kernels.h"
#include "edge_runtime/engine/thread_pool.h"
#include "edge_runtime/engine/weights.h"

namespace bonsai::edge {

class LlamaSession : public Session {
 public:
  static constexpr size_t kBlockTokens = 64;

  LlamaSession(const ModelWeights& model, const Kernels& kernels, int32_t positions_max, int threads);

  // Allocates the cache. False and *error if there is no memory.
  bool Init(std::string* error);

  bool Forward(std::span<const int32_t> tokens, std::span<float> logits, std::string* error) override;
  bool ForwardTree(const TokenTree& tree, std::span<float> logits, std::string* error) override;
  bool CopyFrom(const Session& other, int32_t positions, std::string* error) override;
  // Session::ForwardEach, led by sessions[0].
  static bool ForwardEach(std::span<LlamaSession* const> sessions, std::span<const int32_t> tokens,
                          std::span<float> logits, std::string* error);
  int32_t position() const override { return static_cast<int32_t>(position_); }
  void Rewind(int32_t position) override;
  const ModelConfig& config() const override { return config_; }
  const char* kernels() const override { return kernels_.name; }

 private:
  // Rows of floats, [tokens of the block, width].
  struct Rows {
    AlignedFloats values;
    size_t width = 0;

    float* row(size_t token) { return values.data() + token * width; }
    const float* row(size_t token) const { return values.data() + token * width; }
  };

  // What is wrong with the tree, or "".
  std::string WrongTree(const TokenTree& tree, size_t logits) const;
  bool InVocabulary(std::span<const int32_t> tokens, std::string* error) const;
  // Runs a block through the layers; what comes out is in stream_.
  void RunBlock(std::span<const int32_t> tokens, std::span<const int32_t> positions);
  // The logits of one token of the block after the other.
  void Project(std::span<const size_t> block_rows, float* logits);
  void Attend(const LayerWeights& weights, size_t layer, std::span<const int32_t> positions);
  // Stores and attends the tokens from `first` on, whose positions follow each other.
  void AttendRun(size_t layer, size_t first, std::span<const int32_t> positions);
  // The session in whose cache a token of the block has its sequence.
  LlamaSession& Owner(size_t token) { return owners_.empty() ? *this : *owners_[token]; }
  // The attention of one token's queries on one key-value head, into attended_. `scores` is scratch.
  void AttendHead(size_t layer, size_t token, size_t seen, size_t kv_head, float* scores);
  void FeedForward(const LayerWeights& weights, size_t tokens);
  // Turns the rows of `heads` heads by their positions.
  void Rotate(Rows* rows, size_t heads, size_t tokens);
  // Puts the keys and values of tokens of the block into the cache.
  void Store(size_t layer, size_t first, std::span<const int32_t> positions);
  void Normalize(const Rows& from, const float* weight, size_t tokens, Rows* to);
  void NormalizeRow(const float* x, const float* weight, size_t width, float* out);
  // Each of the `heads` heads of each row, in place.
  void NormalizeHeads(Rows* rows, size_t heads, const float* weight, size_t tokens);
  // to = weights x from, cut by rows over the threads.
  void Multiply(const float* weights, size_t rows, const float* from, size_t columns, size_t tokens,
                float* to);
  void AddToStream(const Rows& delta, size_t tokens);

  // The cache. Keys: [kv_heads, positions, head_dim] per layer; values transposed, [kv_heads, head_dim,
  // positions], so that both products of attention are rows times a vector.
  float* Keys(size_t layer, size_t kv_head) {
    return keys_.data() + (layer * kv_heads_ + kv_head) * positions_stride_ * head_dim_;
  }
  float* Values(size_t layer, size_t kv_head) {
    return values_.data() + (layer * kv_heads_ + kv_head) * positions_stride_ * head_dim_;
  }

  const ModelWeights& model_;
  const ModelConfig config_;
  const Kernels& kernels_;
  const size_t dim_, hidden_, heads_, kv_heads_, head_dim_, vocab_;
  const size_t positions_max_;
  const size_t positions_stride_;  // positions_max_, rounded up to whole cache lines
  size_t position_ = 0;
  std::span<LlamaSession* const> owners_;  // of the block's tokens, where each has its own
  ThreadPool pool_;
  AlignedFloats keys_, values_;
  std::vector<float> inverse_frequencies_;  // [head_dim / 2]
  std::vector<float> cosines_, sines_;      // of the block, [tokens, head_dim / 2]
  std::vector<int32_t> chain_;              // the positions of a block that is one run
  std::vector<size_t> block_rows_;          // of the block, those whose logits are wanted
  size_t scores_per_part_ = 0;
  AlignedFloats scores_;  // [threads, heads per kv head, positions]
  Rows stream_, normalized_, queries_, key_rows_, value_rows_, attended_, projected_, gates_, ups_;
};

}  // namespace bonsai::edge

#endif  // BONSAI_EDGE_RUNTIME_ENGINE_SESSION_H_
