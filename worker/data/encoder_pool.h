// Threads that turn blocks of texts into packed ids: a word encoder for each, and the same ids for any number
// of threads.
//
// Called by the pack runner: one thread hands out blocks and takes the results in the order that it wants.
#ifndef BONSAI_WORKER_DATA_ENCODER_POOL_H_
#define BONSAI_WORKER_DATA_ENCODER_POOL_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "edge_runtime/model/tokenizer.h"
#include "worker/data/word_encoder.h"

namespace bonsai {

// Documents, one after another: each is BOS, its ids, EOS.
struct EncodedBlock {
  struct Document {
    uint64_t end;  // of its ids in `ids`; they begin where those of the document before end
    uint64_t text_bytes;
  };
  std::vector<uint16_t> ids;
  std::vector<Document> documents;
};

class EncoderPool {
 public:
  // The tokenizer outlives the pool; it has BOS and EOS, and at most 65536 pieces. With one thread there is
  // no other than the caller's.
  EncoderPool(const edge::Tokenizer& tokenizer, int threads);
  // Blocks that no thread has begun with are dropped; their futures are broken.
  ~EncoderPool();

  // Queues a block. The queue is as long as the caller lets it grow.
  std::future<EncodedBlock> Encode(std::vector<std::string> texts);

  int threads() const { return threads_; }

 private:
  using Job = std::packaged_task<EncodedBlock(WordEncoder&)>;

  void Work();

  const edge::Tokenizer& tokenizer_;
  const int threads_;
  std::optional<WordEncoder> own_;  // for the caller's thread, where there is no other
  std::mutex mutex_;
  std::condition_variable queued_;
  std::deque<Job> jobs_;
  bool ending_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_ENCODER_POOL_H_
