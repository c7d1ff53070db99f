// Several LlamaSessions: one token for each in one sweep, and one sequence that becomes another's.
#include <algorithm>
#include <cstring>

#include "edge_runtime/engine/session.h"

namespace bonsai::edge {

bool Session::ForwardEach(std::span<Session* const> sessions, std::span<const int32_t> tokens,
                          std::span<float> logits, std::string* error) {
  std::vector<LlamaSession*> group;
  for (Session* session : sessions) {
    auto* one = dynamic_cast<LlamaSession*>(session);
    if (one == nullptr || std::find(group.begin(), group.end(), one) != group.end()) {
      *error = "a session is not this engine's, or is there twice";
      return false;
    }
    group.push_back(one);
  }
  return group.empty() || LlamaSession::ForwardEach(group, tokens, logits, error);
}

bool LlamaSession::ForwardEach(std::span<LlamaSession* const> sessions, std::span<const int32_t> tokens,
                               std::span<float> logits, std::string* error) {
  LlamaSession& lead = *sessions[0];
  const size_t vocab = lead.vocab_;
  if (tokens.size() != sessions.size() || logits.size() != sessions.size() * vocab) {
    *error = std::to_string(tokens.size()) + " tokens and room for " + std::to_string(logits.size()) +
             " logits for " + std::to_string(sessions.size()) + " sessions";
    return false;
  }
  for (const LlamaSession* session : sessions) {
    if (&session->model_ != &lead.model_ || session->positions_max_ != lead.positions_max_ ||
        &session->kernels_ != &lead.kernels_) {
      *error = "the sessions differ in model, positions_max or kernels";
      return false;
    }
    if (session->position_ == session->positions_max_) {
      *error = "a session has read all of its " + std::to_string(session->positions_max_) + " positions";
      return false;
    }
  }
  if (!lead.InVocabulary(tokens, error)) return false;
  std::vector<int32_t> positions;
  for (const LlamaSession* session : sessions) positions.push_back(session->position());
  for (size_t begin = 0; begin < tokens.size(); begin += kBlockTokens) {
    const size_t count = std::min(kBlockTokens, tokens.size() - begin);
    lead.owners_ = sessions.subspan(begin, count);
    lead.RunBlock(tokens.subspan(begin, count), std::span(positions).subspan(begin, count));
    lead.owners_ = {};
    lead.block_rows_.clear();
    for (size_t i = 0; i < count; ++i) lead.block_rows_.push_back(i);
    lead.Project(lead.block_rows_, logits.data() + begin * vocab);
  }
  for (LlamaSession* session : sessions) ++session->position_;
  return true;
}

bool LlamaSession::CopyFrom(const Session& other, int32_t positions, std::string* error) {
  const auto* source = dynamic_cast<const LlamaSession*>(&other);
  if (source == nullptr || &source->model_ != &model_ || source->positions_max_ != positions_max_) {
    *error = "the other session differs in model or positions_max";
    return false;
  }
  if (positions < 0 || positions > source->position()) {
    *error =
        std::to_string(positions) + " tokens of a session that has " + std::to_string(source->position());
    return false;
  }
  if (source == this) {
    Rewind(positions);
    return true;
  }
  const size_t count = static_cast<size_t>(positions);
  const size_t heads = static_cast<size_t>(config_.layers) * kv_heads_;
  for (size_t head = 0; head < heads; ++head) {
    const size_t begin = head * positions_stride_ * head_dim_;
    std::memcpy(keys_.data() + begin, source->keys_.data() + begin, count * head_dim_ * sizeof(float));
    for (size_t d = 0; d < head_dim_; ++d) {
      const size_t row = begin + d * positions_stride_;
      std::memcpy(values_.data() + row, source->values_.data() + row, count * sizeof(float));
    }
  }
  position_ = count;
  return true;
}

}  // namespace bonsai::edge
