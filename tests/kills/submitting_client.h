// For tests: a client that submits, repeats and cancels without end while its coordinator is killed again and
// again, and remembers every answer that it got.
//
// Has a thread of its own. The answers may be read once Stop has returned.
#ifndef BONSAI_TESTS_KILLS_SUBMITTING_CLIENT_H_
#define BONSAI_TESTS_KILLS_SUBMITTING_CLIENT_H_

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "absl/time/time.h"
#include "bonsai/v1/coordinator.grpc.pb.h"

namespace bonsai {

class SubmittingClient {
 public:
  // Finds the coordinator's address in a file, again after each failure. `pause` is kept between submissions.
  SubmittingClient(std::string address_path, v1::Pipeline pipeline, int number, absl::Duration pause);
  ~SubmittingClient() { Stop(); }

  void Stop();

  const std::map<std::string, std::string>& acknowledged() const {
    return acknowledged_;
  }  // request to pipeline id
  const std::set<std::string>& cancelled() const {
    return cancelled_;
  }  // job ids whose cancellation was acknowledged
  // Answers that contradict earlier ones.
  const std::string& contradictions() const { return contradictions_; }

 private:
  void Run();
  void Dial();
  bool Submit(const std::string& request_id);
  void Cancel(const std::string& pipeline_id);

  const std::string address_path_;
  const v1::Pipeline pipeline_;
  const int number_;
  const absl::Duration pause_;
  std::unique_ptr<v1::Coordinator::Stub> stub_;
  std::atomic<bool> stop_{false};
  std::map<std::string, std::string> acknowledged_;
  std::set<std::string> cancelled_;
  std::string contradictions_;
  std::thread thread_;
};

}  // namespace bonsai

#endif  // BONSAI_TESTS_KILLS_SUBMITTING_CLIENT_H_
