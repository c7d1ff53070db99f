#include "evaluator/engine_lane.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "edge_runtime/engine/sampler.h"
#include "edge_runtime/engine/token_distribution.h"

namespace bonsai {
namespace {

// Tokens that the engine takes in one sweep over the weights.
constexpr size_t kStretchTokens = 64;
// Bounds the logits that a lane holds: 48 MiB.
constexpr size_t kLogitsMax = 12 << 20;
// Of a prompt, at a time: bounds what is lost when the work is stopped.
constexpr size_t kPrefillTokens = 256;

absl::Status EngineError(const std::string& error) {
  return absl::InternalError(absl::StrCat("the engine: ", error));
}

}  // namespace

absl::StatusOr<EngineLane> EngineLane::Create(const edge::Model& model) {
  std::string error;
  std::unique_ptr<edge::Session> session = edge::Session::Create(model, edge::SessionOptions{}, &error);
  if (session == nullptr) return absl::InvalidArgumentError(absl::StrCat("the engine: ", error));
  return EngineLane(model.config(), std::move(session));
}

absl::StatusOr<size_t> EngineLane::ComputeStretch(const TrieWalk& walk, size_t begin, size_t lookup) {
  const size_t rows_max = std::max<size_t>(1, kLogitsMax / vocab_);
  size_t end = std::min(begin + kStretchTokens, walk.tokens.size());
  rows_.clear();
  for (; lookup < walk.lookups.size() && walk.lookups[lookup].row < end; ++lookup) {
    const size_t row = walk.lookups[lookup].row - begin;
    if (!rows_.empty() && rows_.back() == row) continue;
    if (rows_.size() == rows_max) {
      end = begin + row;
      break;
    }
    rows_.push_back(row);
  }
  logits_.resize(rows_.size() * vocab_);
  std::string error;
  const edge::TokenTree tree = {std::span(walk.tokens).subspan(begin, end - begin),
                                std::span(walk.positions).subspan(begin, end - begin), rows_};
  if (!session_->ForwardTree(tree, logits_, &error)) return EngineError(error);
  tokens_computed_ += end - begin;
  return end;
}

absl::Status EngineLane::Answer(const TrieWalk& walk, size_t* lookup, std::span<Score> scores,
                                const Answered& answered) {
  for (size_t i = 0; i < rows_.size(); ++i) {
    const edge::TokenDistribution distribution({logits_.data() + i * vocab_, vocab_});
    const size_t row = walk.lookups[*lookup].row;
    for (; *lookup < walk.lookups.size() && walk.lookups[*lookup].row == row; ++*lookup) {
      const Lookup& asked = walk.lookups[*lookup];
      if (!AddToken(distribution, asked.token, &scores[asked.entry]))
        return absl::DataLossError("the model's logits are not finite numbers");
      if (!asked.last) continue;
      if (absl::Status status = answered(asked.entry); !status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

absl::Status EngineLane::ScoreEntries(const RequestPlan& plan, size_t begin, size_t end,
                                      std::span<Score> scores, const Answered& answered) {
  if (begin == end) return absl::OkStatus();
  const TrieWalk walk = WalkTrie(plan, begin, end, cached_);
  for (size_t i = begin; i < end; ++i) scores[i] = {.loglikelihood = 0, .is_greedy = true};
  // What an error leaves in the cache is not known.
  cached_.clear();
  size_t lookup = 0;
  for (size_t at = 0; at < walk.tokens.size();) {
    const absl::StatusOr<size_t> stretch_end = ComputeStretch(walk, at, lookup);
    if (!stretch_end.ok()) return stretch_end.status();
    if (absl::Status status = Answer(walk, &lookup, scores, answered); !status.ok()) return status;
    at = *stretch_end;
  }
  const ModelRequest& last = plan.entry(end - 1);
  for (size_t position = 0; position < last.size(); ++position) cached_.push_back(last.token(position));
  return absl::OkStatus();
}

absl::Status EngineLane::Append(std::span<const int32_t> tokens) {
  std::string error;
  logits_.resize(vocab_);
  for (size_t at = 0; at < tokens.size(); at += kPrefillTokens) {
    const size_t count = std::min(tokens.size() - at, kPrefillTokens);
    const bool last = at + count == tokens.size();
    if (!session_->Forward(tokens.subspan(at, count), last ? std::span(logits_) : std::span<float>(), &error))
      return EngineError(error);
    cached_.insert(cached_.end(), tokens.begin() + at, tokens.begin() + at + count);
    tokens_computed_ += count;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> EngineLane::Generate(const GenerateRequest& request,
                                                 const edge::Tokenizer& tokenizer) {
  const std::span<const int32_t> context = request.context;
  size_t kept =
      std::mismatch(context.begin(), context.end(), cached_.begin(), cached_.end()).first - context.begin();
  kept = std::min(kept, context.size() - 1);  // the last one's logits are wanted
  session_->Rewind(static_cast<int32_t>(kept));
  cached_.resize(kept);
  if (absl::Status status = Append(context.subspan(kept)); !status.ok()) return status;
  const int64_t room = positions_max_ + 1 - static_cast<int64_t>(context.size());
  std::vector<int32_t> fresh;  // the token that was given and is not read yet
  return GenerateText(request, tokenizer, room, [&]() -> absl::StatusOr<int32_t> {
    if (absl::Status status = Append(fresh); !status.ok()) return status;
    fresh = {edge::GreedyToken(logits_)};
    return fresh.front();
  });
}

}  // namespace bonsai
