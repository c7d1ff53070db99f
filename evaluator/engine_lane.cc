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

// Texts at a time, and what their caches may take together, of a lane.
constexpr uint64_t kWritersMax = 16;
constexpr uint64_t kWriterBytesMax = uint64_t{1} << 30;

size_t CountWriters(const edge::ModelConfig& config) {
  const uint64_t floats = uint64_t{2} * static_cast<uint64_t>(config.layers) *
                          static_cast<uint64_t>(config.kv_heads) * static_cast<uint64_t>(config.head_dim) *
                          static_cast<uint64_t>(config.max_seq_len);
  return std::clamp<uint64_t>(kWriterBytesMax / (floats * sizeof(float)), 1, kWritersMax);
}

absl::Status EngineError(const std::string& error) {
  return absl::InternalError(absl::StrCat("the engine: ", error));
}

}  // namespace

absl::StatusOr<EngineLane> EngineLane::Create(const edge::Model& model) {
  std::string error;
  std::unique_ptr<edge::Session> session = edge::Session::Create(model, edge::SessionOptions{}, &error);
  if (session == nullptr) return absl::InvalidArgumentError(absl::StrCat("the engine: ", error));
  return EngineLane(model, std::move(session));
}

EngineLane::EngineLane(const edge::Model& model, std::unique_ptr<edge::Session> session)
    : model_(&model),
      vocab_(static_cast<size_t>(model.config().vocab_size)),
      writers_max_(CountWriters(model.config())),
      session_(std::move(session)) {}

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

absl::Status EngineLane::Read(std::span<const int32_t> context) {
  size_t at =
      std::mismatch(context.begin(), context.end(), cached_.begin(), cached_.end()).first - context.begin();
  at = std::min(at, context.size() - 1);  // the last one's logits are wanted
  session_->Rewind(static_cast<int32_t>(at));
  cached_.resize(at);
  logits_.resize(vocab_);
  while (at < context.size()) {
    const std::span<const int32_t> tokens =
        context.subspan(at, std::min(context.size() - at, kPrefillTokens));
    at += tokens.size();
    std::string error;
    const bool last = at == context.size();
    if (!session_->Forward(tokens, last ? std::span<float>(logits_) : std::span<float>(), &error))
      return EngineError(error);
    cached_.insert(cached_.end(), tokens.begin(), tokens.end());
    tokens_computed_ += tokens.size();
  }
  return absl::OkStatus();
}

absl::Status EngineLane::Begin(size_t entry, const GenerateRequest& request, const edge::Tokenizer& tokenizer,
                               std::string* text, std::optional<Writer>* writer) {
  if (absl::Status status = Read(request.context); !status.ok()) return status;
  const int64_t room = model_->config().max_seq_len + 1 - static_cast<int64_t>(request.context.size());
  Writer begun = {entry, GeneratedText(request, tokenizer, room), edge::GreedyToken(logits_), nullptr};
  begun.text.Add(begun.fresh);
  if (begun.text.ended()) {
    *text = begun.text.text();
    return absl::OkStatus();
  }
  std::string error;
  if (idle_.empty()) {
    std::unique_ptr<edge::Session> session = edge::Session::Create(*model_, edge::SessionOptions{}, &error);
    if (session == nullptr) return EngineError(error);
    idle_.push_back(session.get());
    writer_sessions_.push_back(std::move(session));
  }
  begun.session = idle_.back();
  if (!begun.session->CopyFrom(*session_, session_->position(), &error)) return EngineError(error);
  idle_.pop_back();
  writer->emplace(std::move(begun));
  return absl::OkStatus();
}

absl::Status EngineLane::Step(std::span<Writer> writers) {
  std::vector<edge::Session*> sessions;
  std::vector<int32_t> fresh;
  for (const Writer& writer : writers) {
    sessions.push_back(writer.session);
    fresh.push_back(writer.fresh);
  }
  logits_.resize(writers.size() * vocab_);
  std::string error;
  if (!edge::Session::ForwardEach(sessions, fresh, logits_, &error)) return EngineError(error);
  tokens_computed_ += writers.size();
  for (size_t i = 0; i < writers.size(); ++i) {
    writers[i].fresh = edge::GreedyToken({logits_.data() + i * vocab_, vocab_});
    writers[i].text.Add(writers[i].fresh);
  }
  return absl::OkStatus();
}

absl::Status EngineLane::GenerateEntries(const RequestPlan& plan,
                                         const std::function<std::optional<size_t>()>& next,
                                         const edge::Tokenizer& tokenizer, std::span<std::string> texts,
                                         const Answered& answered) {
  idle_.clear();
  for (const auto& session : writer_sessions_) idle_.push_back(session.get());
  std::vector<Writer> writers;
  for (bool more = true; more || !writers.empty();) {
    while (more && writers.size() < writers_max_) {
      const std::optional<size_t> entry = next();
      more = entry.has_value();
      if (!more) break;
      std::optional<Writer> writer;
      absl::Status status = Begin(*entry, *plan.entry(*entry).generate, tokenizer, &texts[*entry], &writer);
      if (status.ok() && !writer) status = answered(*entry);
      if (!status.ok()) return status;
      if (writer) writers.push_back(*std::move(writer));
    }
    if (writers.empty()) continue;
    if (absl::Status status = Step(writers); !status.ok()) return status;
    std::vector<Writer> writing;
    for (Writer& writer : writers) {
      if (!writer.text.ended()) {
        writing.push_back(std::move(writer));
        continue;
      }
      texts[writer.entry] = writer.text.text();
      idle_.push_back(writer.session);
      if (absl::Status status = answered(writer.entry); !status.ok()) return status;
    }
    writers = std::move(writing);
  }
  return absl::OkStatus();
}

}  // namespace bonsai
