#include "evaluator/engine_language_model.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <numeric>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "edge_runtime/engine/sampler.h"

namespace bonsai {
namespace {

// Neighbours in the sorted order that one lane takes at a time: enough that it keeps their common prefix, few
// enough that all lanes end at about the same time.
constexpr size_t kRequestsPerTake = 16;

// Bounds the logits that a lane holds: 16 MiB.
constexpr size_t kLogitsMax = 4 << 20;

// Tokens per call of the engine where no logits are wanted: bounds its activations.
constexpr size_t kPrefillTokens = 256;

// Compares the tokens that the model reads, without making them.
bool ReadsBefore(const ScoreRequest& a, const ScoreRequest& b) {
  const size_t a_size = a.context.size() + a.continuation.size() - 1;
  const size_t b_size = b.context.size() + b.continuation.size() - 1;
  const auto at = [](const ScoreRequest& request, size_t i) {
    return i < request.context.size() ? request.context[i] : request.continuation[i - request.context.size()];
  };
  for (size_t i = 0; i < std::min(a_size, b_size); ++i) {
    if (at(a, i) != at(b, i)) return at(a, i) < at(b, i);
  }
  return a_size < b_size;
}

}  // namespace

struct EngineLanguageModel::Batch {
  std::span<const ScoreRequest> requests;
  std::vector<size_t> order;
  std::vector<Score> scores;
  const ScoreProgress* progress;
  std::atomic<size_t> next = 0;

  std::mutex mutex;  // over the two below
  uint64_t done = 0;
  absl::Status status;
};

absl::StatusOr<std::unique_ptr<EngineLanguageModel>> EngineLanguageModel::Create(const edge::Model& model,
                                                                                 int threads) {
  std::vector<Lane> lanes(std::max(threads, 1));
  for (Lane& lane : lanes) {
    std::string error;
    lane.session = edge::Session::Create(model, edge::SessionOptions{}, &error);
    if (lane.session == nullptr) return absl::InvalidArgumentError(absl::StrCat("the engine: ", error));
  }
  return std::unique_ptr<EngineLanguageModel>(new EngineLanguageModel(model, std::move(lanes)));
}

int32_t EngineLanguageModel::vocab_size() const { return model_.config().vocab_size; }

int32_t EngineLanguageModel::positions_max() const { return model_.config().max_seq_len; }

uint64_t EngineLanguageModel::tokens_computed() const {
  uint64_t sum = 0;
  for (const Lane& lane : lanes_) sum += lane.tokens_computed;
  return sum;
}

absl::Status EngineLanguageModel::Compute(std::span<const int32_t> tokens, std::span<float> logits,
                                          Lane& lane) {
  std::string error;
  if (!lane.session->Forward(tokens, logits, &error))
    return absl::InternalError(absl::StrCat("the engine: ", error));
  lane.cached.insert(lane.cached.end(), tokens.begin(), tokens.end());
  lane.tokens_computed += tokens.size();
  return absl::OkStatus();
}

absl::Status EngineLanguageModel::ScoreOne(const ScoreRequest& request, Lane& lane, Score* score) {
  std::vector<int32_t> tokens = request.context;
  tokens.insert(tokens.end(), request.continuation.begin(), request.continuation.end() - 1);
  // Logits are wanted from the context's last token on, so that one is computed even if the cache has it.
  const size_t first_row = request.context.size() - 1;
  const size_t in_common =
      std::mismatch(tokens.begin(), tokens.end(), lane.cached.begin(), lane.cached.end()).first -
      tokens.begin();
  size_t at = std::min(in_common, first_row);
  lane.session->Rewind(static_cast<int32_t>(at));
  lane.cached.resize(at);

  const std::span<const int32_t> all(tokens);
  while (at < first_row) {
    const size_t count = std::min(first_row - at, kPrefillTokens);
    if (absl::Status status = Compute(all.subspan(at, count), {}, lane); !status.ok()) return status;
    at += count;
  }

  const size_t vocab = model_.config().vocab_size;
  const size_t rows_max = std::max<size_t>(1, kLogitsMax / vocab);
  *score = Score{.loglikelihood = 0, .is_greedy = true};
  while (at < tokens.size()) {
    const size_t rows = std::min(tokens.size() - at, rows_max);
    lane.logits.resize(rows * vocab);
    if (absl::Status status = Compute(all.subspan(at, rows), lane.logits, lane); !status.ok()) return status;
    for (size_t row = 0; row < rows; ++row) {
      const std::span<const float> logits = std::span<const float>(lane.logits).subspan(row * vocab, vocab);
      if (!AddToken(logits, request.continuation[at + row - first_row], score)) {
        return absl::DataLossError("the model's logits are not finite numbers");
      }
    }
    at += rows;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> EngineLanguageModel::GenerateOne(const GenerateRequest& request,
                                                             const edge::Tokenizer& tokenizer, Lane& lane) {
  const size_t in_common =
      std::mismatch(request.context.begin(), request.context.end(), lane.cached.begin(), lane.cached.end())
          .first -
      request.context.begin();
  const size_t kept = std::min(in_common, request.context.size() - 1);
  lane.session->Rewind(static_cast<int32_t>(kept));
  lane.cached.resize(kept);
  std::vector<int32_t> fresh(request.context.begin() + kept, request.context.end());
  lane.logits.resize(model_.config().vocab_size);
  const int64_t room = positions_max() + 1 - static_cast<int64_t>(request.context.size());
  return GenerateText(request, tokenizer, room, [&]() -> absl::StatusOr<int32_t> {
    if (absl::Status status = Compute(fresh, lane.logits, lane); !status.ok()) return status;
    fresh = {edge::GreedyToken(lane.logits)};
    return fresh.front();
  });
}

absl::StatusOr<std::vector<std::string>> EngineLanguageModel::GenerateAll(
    std::span<const GenerateRequest> requests, const edge::Tokenizer& tokenizer,
    const ScoreProgress& progress) {
  if (absl::Status status = CheckRequests(requests, vocab_size(), positions_max()); !status.ok())
    return status;
  std::vector<std::string> texts;
  for (const GenerateRequest& request : requests) {
    absl::StatusOr<std::string> text = GenerateOne(request, tokenizer, lanes_[0]);
    if (!text.ok()) return text.status();
    texts.push_back(*std::move(text));
    if (absl::Status status = progress(texts.size()); !status.ok()) return status;
  }
  return texts;
}

void EngineLanguageModel::RunLane(Batch& batch, Lane& lane) {
  for (;;) {
    const size_t begin = batch.next.fetch_add(kRequestsPerTake);
    if (begin >= batch.order.size()) return;
    const size_t end = std::min(begin + kRequestsPerTake, batch.order.size());
    absl::Status status;
    for (size_t i = begin; i < end && status.ok(); ++i) {
      const size_t index = batch.order[i];
      status = ScoreOne(batch.requests[index], lane, &batch.scores[index]);
      const std::lock_guard<std::mutex> lock(batch.mutex);
      if (!batch.status.ok()) return;
      if (status.ok()) status = (*batch.progress)(++batch.done);
      if (!status.ok()) batch.status = status;
    }
    if (!status.ok()) return;
  }
}

absl::StatusOr<std::vector<Score>> EngineLanguageModel::ScoreAll(std::span<const ScoreRequest> requests,
                                                                 const ScoreProgress& progress) {
  if (absl::Status status = CheckRequests(requests, vocab_size(), positions_max()); !status.ok())
    return status;
  Batch batch;
  batch.requests = requests;
  batch.scores.resize(requests.size());
  batch.progress = &progress;
  batch.order.resize(requests.size());
  std::iota(batch.order.begin(), batch.order.end(), 0);
  std::stable_sort(batch.order.begin(), batch.order.end(),
                   [&](size_t a, size_t b) { return ReadsBefore(requests[a], requests[b]); });

  std::vector<std::thread> threads;
  for (size_t i = 1; i < lanes_.size(); ++i) threads.emplace_back([&, i] { RunLane(batch, lanes_[i]); });
  RunLane(batch, lanes_[0]);
  for (std::thread& thread : threads) thread.join();
  if (!batch.status.ok()) return batch.status;
  return std::move(batch.scores);
}

}  // namespace bonsai
