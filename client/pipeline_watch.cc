#include "client/pipeline_watch.h"

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/coordinator_client.h"
#include "client/figures.h"
#include "client/job_lines.h"
#include "client/json_output.h"
#include "client/training_lines.h"
#include "client/watch_view.h"

namespace bonsai {
namespace {

// The reader waits while this many responses are not shown yet.
constexpr size_t kResponsesMax = 256;
// Of a log of samples: a run reports about a thousand, of some 700 bytes each.
constexpr size_t kSampleBytesMax = 8 << 20;
// Nothing is drawn while that log is read.
constexpr absl::Duration kSampleTimeMax = absl::Seconds(3);

// One WatchPipeline call on a thread of its own; its responses queue up here.
class Feed {
 public:
  Feed(const CoordinatorTarget& target, const std::string& pipeline_id) : client_(target) {
    thread_ = std::thread([this, pipeline_id] {
      const absl::Status status = client_.WatchPipeline(
          pipeline_id, [this](v1::WatchPipelineResponse response) { return Push(std::move(response)); });
      const std::lock_guard<std::mutex> lock(mutex_);
      ended_ = true;
      status_ = status;
      wake_.notify_all();
    });
  }
  ~Feed() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
      wake_.notify_all();
    }
    client_.StopStreams();
    thread_.join();
  }

  // What has come, after waiting for something for at most so long. `ended`: nothing more comes, see
  // `status`.
  std::deque<v1::WatchPipelineResponse> Take(absl::Duration wait, bool& ended, absl::Status& status) {
    std::unique_lock<std::mutex> lock(mutex_);
    wake_.wait_for(lock, absl::ToChronoMilliseconds(wait), [this] { return ended_ || !responses_.empty(); });
    ended = ended_;
    status = status_;
    wake_.notify_all();
    return std::exchange(responses_, {});
  }

 private:
  bool Push(v1::WatchPipelineResponse response) {
    std::unique_lock<std::mutex> lock(mutex_);
    wake_.wait(lock, [this] { return stopping_ || responses_.size() < kResponsesMax; });
    responses_.push_back(std::move(response));
    wake_.notify_all();
    return !stopping_;
  }

  CoordinatorClient client_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<v1::WatchPipelineResponse> responses_;
  bool ended_ = false, stopping_ = false;
  absl::Status status_;
  std::thread thread_;
};

// The log of a job's samples, or what of it came: a curve without its beginning is no reason to stop.
std::string EarlierSamples(const std::string& job_id, Session& session) {
  std::string lines;
  const absl::StatusOr<CoordinatorTarget> address = CoordinatorAddress(session);
  if (!address.ok()) return lines;
  v1::ReadLogRequest request;
  request.set_job_id(job_id);
  request.set_samples(true);
  CoordinatorClient(*address)
      .ReadLog(
          request,
          [&](const v1::ReadLogResponse& response) {
            lines += response.data();
            return lines.size() < kSampleBytesMax && !Interrupted(session);
          },
          absl::Now() + kSampleTimeMax)
      .IgnoreError();
  return lines;
}

// What is on the screen, in one of the three ways.
class Display {
 public:
  Display(const std::string& pipeline_id, Session& session)
      : pipeline_id_(pipeline_id), session_(session), log_(absl::LocalTimeZone()) {}

  bool live() const { return session_.screen.terminal && !session_.json; }

  void Take(const v1::WatchPipelineResponse& response) {
    if (session_.json) session_.out << ToJsonLine(response) << std::flush;
    for (const v1::JobStatus& status : response.jobs()) {
      if (!session_.json && !live()) {
        for (const std::string& line : log_.Update(status, absl::Now())) session_.out << line << std::endl;
      }
      jobs_[{status.job().sequence(), status.job().id()}] = status;
      if (live() && status.has_sample()) Note(status);
    }
  }

  // Draws over what was drawn before. `whole`: for the last time, with nothing left out.
  void Draw(const std::string& note, bool whole) {
    const absl::Time now = absl::Now();
    if (!live()) {
      if (whole && !session_.json) session_.out << SummaryLine(pipeline_id_, Jobs(), now) << std::endl;
      return;
    }
    if (session_.look_again != nullptr) session_.screen = session_.look_again();
    std::vector<std::string> lines = RenderWatch(pipeline_id_, Jobs(), now, session_.screen, whole, curves_);
    if (!note.empty()) lines.push_back(note);
    std::string text = drawn_ > 0 ? absl::StrCat("\x1b[", drawn_, "A\r") : "";
    for (const std::string& line : lines) absl::StrAppend(&text, line, "\x1b[K\n");
    session_.out << text << "\x1b[J" << std::flush;
    drawn_ = lines.size();
  }

  // A line that stays, outside of what is drawn again.
  void Say(const std::string& line) {
    if (!live()) session_.err << line << std::endl;
  }

  bool AllDone() const {
    for (const auto& [key, status] : jobs_) {
      if (status.job().state() != v1::DONE) return false;
    }
    return true;
  }

 private:
  // The newest sample of a job that trains; at first sight the earlier ones too, from its log.
  void Note(const v1::JobStatus& status) {
    if (status.job().state() != v1::RUNNING || TrainingParts(status.sample()).empty()) return;
    const auto [at, is_new] = curves_.try_emplace(status.job().id());
    at->second.Add(status.sample());
    if (is_new) at->second.AddEarlier(EarlierSamples(status.job().id(), session_));
  }

  std::vector<v1::JobStatus> Jobs() const {
    std::vector<v1::JobStatus> jobs;
    for (const auto& [key, status] : jobs_) jobs.push_back(status);
    return jobs;
  }

  const std::string pipeline_id_;
  Session& session_;
  WatchLog log_;
  std::map<std::pair<uint64_t, std::string>, v1::JobStatus> jobs_;  // by order of submission
  LossCurves curves_;
  size_t drawn_ = 0;
};

class Watch {
 public:
  Watch(const std::string& pipeline_id, Session& session, const WatchOptions& options)
      : pipeline_id_(pipeline_id), session_(session), options_(options), display_(pipeline_id, session) {}

  absl::StatusOr<int> Run() {
    while (true) {
      const absl::Status status = Follow();
      if (ended_) break;
      if (Interrupted(session_)) {
        display_.Draw("", false);
        session_.err << "bonsai: " << pipeline_id_ << " goes on; `bonsai watch " << pipeline_id_
                     << "` shows it again, `bonsai cancel " << pipeline_id_ << "` ends it\n";
        return kExitInterrupted;
      }
      // OK without an end: the coordinator stopped in between.
      if ((!status.ok() && !IsUnreachable(status)) || !connected_once_) return status.ok() ? Lost() : status;
      if (away_since_ == absl::InfiniteFuture()) {
        away_since_ = absl::Now();
        display_.Say("bonsai: the coordinator is away; trying again (jobs that run go on)");
      }
      if (absl::Now() - away_since_ > options_.away_max) return Lost();
      display_.Draw(absl::StrCat("the coordinator is away for ",
                                 FormatSeconds(absl::ToDoubleSeconds(absl::Now() - away_since_)),
                                 "; trying again (jobs that run go on)"),
                    false);
      absl::SleepFor(options_.retry_interval);
    }
    display_.Draw("", true);
    return display_.AllDone() ? kExitOk : kExitJobFailed;
  }

 private:
  // Until the stream ends.
  absl::Status Follow() {
    const absl::StatusOr<CoordinatorTarget> address = CoordinatorAddress(session_);
    if (!address.ok()) return address.status();
    Feed feed(*address, pipeline_id_);
    absl::Status status;
    for (bool stream_ended = false; !stream_ended && !Interrupted(session_);) {
      const auto responses = feed.Take(options_.redraw_interval, stream_ended, status);
      for (const v1::WatchPipelineResponse& response : responses) {
        if (away_since_ != absl::InfiniteFuture()) display_.Say("bonsai: the coordinator is back");
        away_since_ = absl::InfiniteFuture();
        connected_once_ = true;
        ended_ = ended_ || response.ended();
        display_.Take(response);
      }
      if (connected_once_ && !ended_ && away_since_ == absl::InfiniteFuture()) Redraw(!responses.empty());
    }
    return status;
  }

  void Redraw(bool news) {
    const absl::Time now = absl::Now();
    if (now - drawn_at_ < (news ? options_.redraw_interval : absl::Seconds(1))) return;
    drawn_at_ = now;
    display_.Draw("", false);
  }

  absl::Status Lost() const {
    return absl::UnavailableError(absl::StrCat("the coordinator went away and did not come back within ",
                                               FormatSeconds(absl::ToDoubleSeconds(options_.away_max)),
                                               "; `bonsai watch ", pipeline_id_,
                                               "` goes on when it is there"));
  }

  const std::string pipeline_id_;
  Session& session_;
  const WatchOptions options_;
  Display display_;
  bool connected_once_ = false, ended_ = false;
  absl::Time away_since_ = absl::InfiniteFuture();
  absl::Time drawn_at_ = absl::InfinitePast();
};

}  // namespace

absl::StatusOr<int> WatchPipeline(const std::string& pipeline_id, Session& session,
                                  const WatchOptions& options) {
  return Watch(pipeline_id, session, options).Run();
}

}  // namespace bonsai
