// The inference engine: runs a model on a CPU. A Model is the weights, immutable and shared; a Session is one
// sequence with its key-value cache.
//
// Results do not depend on the number of threads, nor on how a sequence is cut into Forward calls, bit for
// bit. A Model may be used by many Sessions at once; a Session by one thread at a time. Standard library
// only.
#ifndef BONSAI_EDGE_RUNTIME_ENGINE_ENGINE_H_
#define BONSAI_EDGE_RUNTIME_ENGINE_ENGINE_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "edge_runtime/model/config.h"

namespace bonsai::edge {

class ThreadPool;

// Which kernels run. kAuto takes the fastest that this CPU has.
enum class KernelSet { kAuto, kScalar, kAvx2, kAvx512 };

class Model {
 public:
  virtual ~Model() = default;

  // A folder with config.json and model.safetensors, mapped.
  static std::unique_ptr<Model> LoadHuggingFace(const std::string& folder, std::string* error);
  // A llama2.c version 0 checkpoint, mapped.
  static std::unique_ptr<Model> LoadLlama2c(const std::string& path, std::string* error);
  // The same from buffers that outlive the model (the sections of a bundle).
  static std::unique_ptr<Model> FromSafetensors(std::string_view config_json,
                                                std::span<const uint8_t> weights, std::string* error);

  virtual const ModelConfig& config() const = 0;
};

struct SessionOptions {
  int32_t positions_max = 0;  // 0: the model's max_seq_len
  int32_t threads = 1;
  KernelSet kernels = KernelSet::kAuto;
};

// Tokens that continue one sequence in many ways, depth first.
struct TokenTree {
  std::span<const int32_t> tokens;
  // The place in its own sequence of each token: at most one more than that of the token before it (for the
  // first one: at most Session::position()). It follows the last token that was put at the place before.
  std::span<const int32_t> positions;
  std::span<const size_t> rows;  // the tokens whose logits are wanted, ascending
};

class Session {
 public:
  virtual ~Session() = default;

  // nullptr and *error if the options ask for kernels that this CPU lacks or for too many positions.
  static std::unique_ptr<Session> Create(const Model& model, const SessionOptions& options,
                                         std::string* error);

  // Appends tokens to the sequence. If `logits` is not empty it has room for the logits of the last
  // logits.size() / vocab_size tokens, row-major [rows, vocab_size]; rows <= tokens.size().
  // Returns false and changes nothing if the sequence would grow beyond positions_max or an id is out of
  // range.
  virtual bool Forward(std::span<const int32_t> tokens, std::span<float> logits, std::string* error) = 0;

  // The same, bit for bit, as Rewind(positions[i]) and Forward of tokens[i] for each i in turn, but the
  // weights are read once for many tokens. `logits` has room for one row for each of tree.rows. Returns false
  // and changes nothing if the tree is not one, goes beyond positions_max, or an id is out of range.
  virtual bool ForwardTree(const TokenTree& tree, std::span<float> logits, std::string* error) = 0;

  // One token each for several sessions: for each i the same, bit for bit, as Forward of tokens[i] by
  // sessions[i] with row i of `logits`, but the weights are read once for all. The sessions are different
  // ones, of one model, with equal positions_max and kernels; the first one's threads do the work. Returns
  // false and changes nothing if they are not, or Forward would.
  static bool ForwardEach(std::span<Session* const> sessions, std::span<const int32_t> tokens,
                          std::span<float> logits, std::string* error);
  // Becomes the first `positions` tokens of another session of the same model, with equal positions_max.
  // Returns false and changes nothing if it is none, or has fewer tokens.
  virtual bool CopyFrom(const Session& other, int32_t positions, std::string* error) = 0;

  // Tokens in the cache.
  virtual int32_t position() const = 0;
  // Forgets all tokens from `position` on.
  virtual void Rewind(int32_t position) = 0;
  virtual const ModelConfig& config() const = 0;
  // The kernels that run: "scalar", "avx2", "avx512".
  virtual const char* kernels() const = 0;
};

}  // namespace bonsai::edge

#endif  // BONSAI_EDGE_RUNTIME_ENGINE_ENGINE_H_
