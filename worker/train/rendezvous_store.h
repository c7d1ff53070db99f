// c10d's store over a rendezvous server (worker/agent/rendezvous_server.h): for ranks that share no folder.
//
// Made by RankGroup. Safe from any thread; one call at a time is under way.
#ifndef BONSAI_WORKER_TRAIN_RENDEZVOUS_STORE_H_
#define BONSAI_WORKER_TRAIN_RENDEZVOUS_STORE_H_

#include <chrono>
#include <mutex>
#include <string>
#include <torch/csrc/distributed/c10d/Store.hpp>
#include <vector>

#include "absl/status/statusor.h"
#include "bonsai/v1/runner.pb.h"

namespace bonsai {

class RendezvousStore final : public c10d::Store {
 public:
  // Joins the task's attempt at its rendezvous_address. InvalidArgument: that is no address; Unavailable.
  static absl::StatusOr<c10::intrusive_ptr<RendezvousStore>> Join(const v1::Task& task,
                                                                  std::chrono::milliseconds timeout);
  ~RendezvousStore() override;

  // This machine's address, in digits, on the way to the server.
  const std::string& own_host() const { return own_host_; }
  // "rank 1 is gone", "rank 2 never came", for those of `ranks` that are not there.
  std::vector<std::string> Complaints(int ranks);

  // c10d's. They throw where the server is gone or refuses.
  void set(const std::string& key, const std::vector<uint8_t>& value) override;
  std::vector<uint8_t> get(const std::string& key) override;
  int64_t add(const std::string& key, int64_t value) override;
  bool deleteKey(const std::string& key) override;
  bool check(const std::vector<std::string>& keys) override;
  int64_t getNumKeys() override;
  void wait(const std::vector<std::string>& keys) override { wait(keys, timeout_); }
  void wait(const std::vector<std::string>& keys, const std::chrono::milliseconds& timeout) override;

 private:
  using Words = std::vector<std::string>;

  RendezvousStore(int fd, std::string own_host) : fd_(fd), own_host_(std::move(own_host)) {}
  // What the server answers, without the first word.
  absl::StatusOr<Words> Ask(const Words& request);
  Words AskOrThrow(const Words& request);

  const int fd_;
  const std::string own_host_;
  std::mutex mutex_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_RENDEZVOUS_STORE_H_
