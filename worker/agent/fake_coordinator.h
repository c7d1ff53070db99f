// The coordinator's side of the Workers service, for the agent's tests: in this process, on a port of
// loopback. It desires what a test says, keeps what workers report and log, and can go away and come back.
//
// Used by tests; safe from any thread.
#ifndef BONSAI_WORKER_AGENT_FAKE_COORDINATOR_H_
#define BONSAI_WORKER_AGENT_FAKE_COORDINATOR_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "bonsai/v1/worker.pb.h"
#include "storage/blob_store.h"

namespace bonsai {

class FakeCoordinator {
 public:
  // Its address is written to `address_file` at each start.
  explicit FakeCoordinator(std::string address_file);
  ~FakeCoordinator();

  void Start();
  void Stop();

  // The storage behind its artifact service.
  BlobStore& blobs();
  // Until it is called again, calls of the artifact service find nobody.
  void SetArtifactsAway(bool away);

  void Desire(std::vector<v1::Task> tasks);
  // The first request, of those that came after this call began or the last one before it, that pleases
  // `wanted`. Fails the test after 30 s and returns the last request.
  v1::SynchronizeRequest WaitFor(const std::function<bool(const v1::SynchronizeRequest&)>& wanted);
  // A stream of attempt 1, rank 0 of a job, once it holds `text`. Fails the test after 30 s.
  std::string WaitForLog(const std::string& job_id, const std::string& text,
                         v1::AppendLogRequest::Stream stream = v1::AppendLogRequest::LOG);
  std::string Log(const std::string& job_id, v1::AppendLogRequest::Stream stream = v1::AppendLogRequest::LOG);

 private:
  struct Service;
  struct Artifacts;
  std::unique_ptr<Artifacts> artifacts_;
  std::unique_ptr<Service> service_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_AGENT_FAKE_COORDINATOR_H_
