#include "evaluator/engine_language_model.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

// Of the plan, that one lane takes at a time: so few that all lanes end at about the same time, and so many
// that the prefix which a lane computes again for a piece weighs little.
constexpr uint64_t kPieceTokensMax = 2048;
constexpr uint64_t kPieceTokensMin = 256;
constexpr uint64_t kPiecesPerLane = 4;

size_t CountPieces(const RequestPlan& plan, size_t lanes) {
  const uint64_t tokens = plan.tokens_to_compute();
  uint64_t pieces = tokens / kPieceTokensMax + 1;
  if (lanes > 1)
    pieces = std::max(pieces, std::clamp<uint64_t>(tokens / kPieceTokensMin, lanes, lanes * kPiecesPerLane));
  return std::min<uint64_t>(pieces, std::max<size_t>(plan.size(), 1));
}

}  // namespace

absl::StatusOr<std::unique_ptr<EngineLanguageModel>> EngineLanguageModel::Create(const edge::Model& model,
                                                                                 int threads) {
  std::vector<EngineLane> lanes;
  for (int i = 0; i < std::max(threads, 1); ++i) {
    absl::StatusOr<EngineLane> lane = EngineLane::Create(model);
    if (!lane.ok()) return lane.status();
    lanes.push_back(*std::move(lane));
  }
  return std::unique_ptr<EngineLanguageModel>(new EngineLanguageModel(model, std::move(lanes)));
}

int32_t EngineLanguageModel::vocab_size() const { return model_.config().vocab_size; }

int32_t EngineLanguageModel::positions_max() const { return model_.config().max_seq_len; }

uint64_t EngineLanguageModel::tokens_computed() const {
  uint64_t sum = 0;
  for (const EngineLane& lane : lanes_) sum += lane.tokens_computed();
  return sum;
}

absl::Status EngineLanguageModel::RunPieces(const RequestPlan& plan, size_t pieces, const Piece& piece,
                                            const ScoreProgress& progress) {
  std::atomic<size_t> next = 0;
  std::mutex mutex;  // over the two below
  uint64_t done = 0;
  absl::Status failure;
  const EngineLane::Answered answered = [&](size_t entry) {
    const std::lock_guard<std::mutex> lock(mutex);
    for (size_t i = 0; i < plan.asked_by(entry).size() && failure.ok(); ++i) failure = progress(++done);
    return failure;
  };
  const auto run = [&](EngineLane& lane) {
    for (size_t i = next++; i < pieces; i = next++) {
      const absl::Status status = piece(i, lane, answered);
      const std::lock_guard<std::mutex> lock(mutex);
      if (failure.ok()) failure = status;
      if (!failure.ok()) return;
    }
  };
  std::vector<std::thread> threads;
  for (size_t i = 1; i < std::min(lanes_.size(), pieces); ++i)
    threads.emplace_back([&, i] { run(lanes_[i]); });
  run(lanes_[0]);
  for (std::thread& thread : threads) thread.join();
  return failure;
}

absl::StatusOr<std::vector<Score>> EngineLanguageModel::ScoreAll(std::span<const ScoreRequest> requests,
                                                                 const ScoreProgress& progress) {
  if (absl::Status status = CheckRequests(requests, vocab_size(), positions_max()); !status.ok())
    return status;
  std::vector<ModelRequest> asked;
  for (const ScoreRequest& request : requests) asked.push_back({.score = &request});
  const RequestPlan plan(std::move(asked));
  const std::vector<size_t> cuts = plan.Cut(CountPieces(plan, lanes_.size()));
  std::vector<Score> by_entry(plan.size());
  const absl::Status status = RunPieces(
      plan, cuts.size() - 1,
      [&](size_t i, EngineLane& lane, const EngineLane::Answered& answered) {
        return lane.ScoreEntries(plan, cuts[i], cuts[i + 1], by_entry, answered);
      },
      progress);
  if (!status.ok()) return status;
  std::vector<Score> scores;
  for (size_t i = 0; i < requests.size(); ++i) scores.push_back(by_entry[plan.entry_of(i)]);
  return scores;
}

absl::StatusOr<std::vector<std::string>> EngineLanguageModel::GenerateAll(
    std::span<const GenerateRequest> requests, const edge::Tokenizer& tokenizer,
    const ScoreProgress& progress) {
  if (absl::Status status = CheckRequests(requests, vocab_size(), positions_max()); !status.ok())
    return status;
  std::vector<ModelRequest> asked;
  for (const GenerateRequest& request : requests) asked.push_back({.generate = &request});
  const RequestPlan plan(std::move(asked));
  std::vector<std::string> by_entry(plan.size());
  std::atomic<size_t> begun = 0;
  const auto next = [&]() -> std::optional<size_t> {
    const size_t entry = begun++;
    return entry < plan.size() ? std::optional<size_t>(entry) : std::nullopt;
  };
  const absl::Status status = RunPieces(
      plan, lanes_.size(),
      [&](size_t, EngineLane& lane, const EngineLane::Answered& answered) {
        return lane.GenerateEntries(plan, next, tokenizer, by_entry, answered);
      },
      progress);
  if (!status.ok()) return status;
  std::vector<std::string> texts;
  for (size_t i = 0; i < requests.size(); ++i) texts.push_back(by_entry[plan.entry_of(i)]);
  return texts;
}

}  // namespace bonsai
