#include "worker/train/resume_point.h"

#include <cstdio>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

constexpr char kChosen[] = "checkpoint ";

}  // namespace

absl::StatusOr<std::optional<TrainState>> ResumePoint::AtStart() {
  const std::vector<v1::Checkpoint> named(context_.task().resume().begin(), context_.task().resume().end());
  return Agree("resume", named, /*send_state=*/false);
}

absl::StatusOr<TrainState> ResumePoint::Behind(const std::vector<v1::Checkpoint>& published, size_t rewind) {
  std::vector<v1::Checkpoint> candidates = published;
  candidates.insert(candidates.end(), context_.task().resume().begin(), context_.task().resume().end());
  absl::StatusOr<std::optional<TrainState>> found =
      Agree(absl::StrCat("rewind/", rewind), candidates, !context_.task().rendezvous_address().empty());
  if (!found.ok()) return found.status();
  // Steps before one that was published cannot be published any more: the next attempt is given it anew. Only
  // rank 0 knows what was published.
  const bool lost = !published.empty() && (!*found || (*found)->step < published.front().step());
  std::vector<double> votes = {lost ? 1.0 : 0.0};
  if (absl::Status status = group_.Sum(absl::MakeSpan(votes)); !status.ok()) return status;
  if (votes[0] > 0) {
    return absl::UnavailableError("the newest checkpoint of this attempt cannot be read any more");
  }
  if (*found) return **std::move(found);
  TrainState start;
  start.parameters = start_;
  start.moment1.resize(parameters_);
  start.moment2.resize(parameters_);
  CutToShare(start);
  return start;
}

// Rank 0 chooses, the others follow.
absl::StatusOr<std::optional<TrainState>> ResumePoint::Agree(absl::string_view key,
                                                             const std::vector<v1::Checkpoint>& candidates,
                                                             bool send_state) {
  std::string chosen;
  std::optional<TrainState> state;
  if (group_.rank() == 0) state = Choose(candidates, send_state, chosen);
  const absl::StatusOr<std::string> agreed = group_.FromRankZero(key, absl::StrCat(kChosen, chosen));
  if (!agreed.ok()) return agreed.status();
  if (group_.rank() != 0) chosen = agreed->substr(std::string(kChosen).size());
  if (chosen.empty()) return std::optional<TrainState>();
  if (send_state) {
    absl::StatusOr<TrainState> sent = Send(key, std::move(state));
    if (!sent.ok()) return sent.status();
    CutToShare(*sent);
    return std::optional<TrainState>(*std::move(sent));
  }
  if (group_.rank() == 0) return state;
  absl::StatusOr<TrainState> loaded = Load(chosen, /*whole=*/false);
  // Rank 0 could read it, so another try may succeed: not a bad input.
  if (!loaded.ok()) {
    return absl::UnavailableError(absl::StrCat("checkpoint ", chosen, ": ", loaded.status().message()));
  }
  loaded->best = nullptr;  // rank 0 publishes
  return std::optional<TrainState>(*std::move(loaded));
}

// Sums in which the others have zeros: so every rank has the same bits.
absl::StatusOr<TrainState> ResumePoint::Send(absl::string_view key, std::optional<TrainState> state) {
  const absl::StatusOr<std::string> step =
      group_.FromRankZero(absl::StrCat(key, "/step"), state ? absl::StrCat(state->step) : "");
  if (!step.ok()) return step.status();
  TrainState sent = state ? *std::move(state) : TrainState();
  if (!absl::SimpleAtoi(*step, &sent.step) || sent.step > UINT32_MAX) {
    return absl::InternalError(absl::StrCat("rank 0 sent the step \"", *step, "\""));
  }
  sent.losses.resize(sent.step);
  for (std::vector<float>* values : {&sent.parameters, &sent.moment1, &sent.moment2, &sent.losses}) {
    if (values != &sent.losses) values->resize(parameters_);
    if (values->empty()) continue;
    if (absl::Status status = group_.Sum(absl::MakeSpan(*values)); !status.ok()) return status;
  }
  return sent;
}

absl::StatusOr<TrainState> ResumePoint::Load(const std::string& manifest_id, bool whole) {
  return LoadCheckpoint(context_, manifest_id, plan_.fingerprint, parameters_, whole ? std::nullopt : share_);
}

void ResumePoint::CutToShare(TrainState& state) const {
  if (!share_) return;
  for (std::vector<float>* moment : {&state.moment1, &state.moment2}) {
    std::vector<float> own;
    for (const FlatRange& range : *share_) {
      const auto begin = moment->begin() + static_cast<int64_t>(range.begin);
      own.insert(own.end(), begin, begin + static_cast<int64_t>(range.size()));
    }
    *moment = std::move(own);
  }
}

std::optional<TrainState> ResumePoint::Choose(const std::vector<v1::Checkpoint>& candidates, bool whole,
                                              std::string& chosen) {
  for (const v1::Checkpoint& checkpoint : candidates) {
    absl::StatusOr<TrainState> state = Load(checkpoint.manifest_id(), whole);
    // One of the last step is left by an attempt that died before it published the model.
    if (state.ok() && state->step <= plan_.end_steps) {
      chosen = checkpoint.manifest_id();
      return *std::move(state);
    }
    const std::string why =
        state.ok() ? absl::StrCat("it has ", state->step, " steps; this run ends after ", plan_.end_steps)
                   : std::string(state.status().message());
    std::fprintf(stderr, "checkpoint of step %llu (%s) skipped: %s\n",
                 static_cast<unsigned long long>(checkpoint.step()),
                 checkpoint.manifest_id().substr(0, 12).c_str(), why.c_str());
  }
  return std::nullopt;
}

}  // namespace bonsai
