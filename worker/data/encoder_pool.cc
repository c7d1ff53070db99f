#include "worker/data/encoder_pool.h"

#include <utility>

namespace bonsai {
namespace {

EncodedBlock EncodeTexts(const std::vector<std::string>& texts, uint16_t bos, uint16_t eos,
                         WordEncoder& encoder) {
  EncodedBlock block;
  block.documents.reserve(texts.size());
  for (const std::string& text : texts) {
    block.ids.push_back(bos);
    encoder.Encode(text, &block.ids);
    block.ids.push_back(eos);
    block.documents.push_back({block.ids.size(), text.size()});
  }
  return block;
}

}  // namespace

EncoderPool::EncoderPool(const edge::Tokenizer& tokenizer, int threads)
    : tokenizer_(tokenizer), threads_(threads) {
  if (threads <= 1) own_.emplace(tokenizer);
  for (int i = 0; threads > 1 && i < threads; ++i) workers_.emplace_back([this] { Work(); });
}

EncoderPool::~EncoderPool() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
    jobs_.clear();
  }
  queued_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void EncoderPool::Work() {
  WordEncoder encoder(tokenizer_);
  while (true) {
    Job job;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      queued_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
      if (ending_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job(encoder);
  }
}

std::future<EncodedBlock> EncoderPool::Encode(std::vector<std::string> texts) {
  const uint16_t bos = static_cast<uint16_t>(tokenizer_.bos_id());
  const uint16_t eos = static_cast<uint16_t>(tokenizer_.eos_id());
  Job job([texts = std::move(texts), bos, eos](WordEncoder& encoder) {
    return EncodeTexts(texts, bos, eos, encoder);
  });
  std::future<EncodedBlock> block = job.get_future();
  if (workers_.empty()) {
    job(*own_);
    return block;
  }
  {
    std::lock_guard<std::mutex> lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  queued_.notify_one();
  return block;
}

}  // namespace bonsai
