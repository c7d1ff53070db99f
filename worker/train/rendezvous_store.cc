#include "worker/train/rendezvous_store.h"

#include <unistd.h>

#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "runner/rendezvous_frame.h"

namespace bonsai {
namespace {

constexpr std::chrono::milliseconds kConnectPause(100);
constexpr int kAbsentTriesMax = 20;

std::string Text(const std::vector<uint8_t>& bytes) { return std::string(bytes.begin(), bytes.end()); }

}  // namespace

absl::StatusOr<c10::intrusive_ptr<RendezvousStore>> RendezvousStore::Join(const v1::Task& task,
                                                                          std::chrono::milliseconds timeout) {
  absl::StatusOr<RendezvousAddress> address = ParseRendezvousAddress(task.rendezvous_address());
  if (!address.ok()) return address.status();
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  absl::StatusOr<int> fd = ConnectTo(address->host, address->port);
  while (!fd.ok() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(kConnectPause);
    fd = ConnectTo(address->host, address->port);
  }
  if (!fd.ok()) return fd.status();
  absl::StatusOr<std::string> own_host = OwnHost(*fd);
  // Its constructor is private: make_intrusive cannot call it.
  const c10::intrusive_ptr<RendezvousStore> store(
      std::unique_ptr<RendezvousStore>(new RendezvousStore(*fd, own_host.ok() ? *own_host : "")));
  if (!own_host.ok()) return own_host.status();
  store->setTimeout(timeout);
  const std::string attempt = absl::StrCat(task.job_id(), "-", task.attempt());
  absl::StatusOr<Words> joined = store->Ask({"join", address->secret, attempt, absl::StrCat(task.rank())});
  if (!joined.ok()) return joined.status();
  return store;
}

RendezvousStore::~RendezvousStore() { close(fd_); }

absl::StatusOr<RendezvousStore::Words> RendezvousStore::Ask(const Words& request) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (absl::Status sent = SendRendezvousFrame(fd_, request); !sent.ok()) return sent;
  absl::StatusOr<Words> answer = ReceiveRendezvousFrame(fd_);
  if (!answer.ok()) return answer;
  if (answer->empty()) return absl::UnavailableError("rendezvous: an answer without words");
  if (!answer->front().empty()) return absl::UnavailableError(absl::StrCat("rendezvous: ", answer->front()));
  answer->erase(answer->begin());
  return answer;
}

RendezvousStore::Words RendezvousStore::AskOrThrow(const Words& request) {
  absl::StatusOr<Words> answer = Ask(request);
  if (!answer.ok()) throw std::runtime_error(std::string(answer.status().message()));
  answer->resize(1);
  return *std::move(answer);
}

std::vector<std::string> RendezvousStore::Complaints(int ranks) {
  // Asked when something failed: a rank that died has closed its connections one after the other.
  absl::StatusOr<Words> absent = Ask({"absent", absl::StrCat(ranks)});
  for (int tries = 0; absent.ok() && absent->empty() && tries < kAbsentTriesMax; ++tries) {
    std::this_thread::sleep_for(kConnectPause);
    absent = Ask({"absent", absl::StrCat(ranks)});
  }
  if (!absent.ok()) return {std::string(absent.status().message())};
  std::vector<std::string> complaints;
  for (const std::string& one : *absent) {
    const size_t space = one.find(' ');
    complaints.push_back(absl::StrCat("rank ", one.substr(0, space),
                                      one.substr(space + 1) == "gone" ? " is gone" : " never came"));
  }
  return complaints;
}

void RendezvousStore::set(const std::string& key, const std::vector<uint8_t>& value) {
  AskOrThrow({"set", key, Text(value)});
}

std::vector<uint8_t> RendezvousStore::get(const std::string& key) {
  const std::string value = AskOrThrow({"get", key, absl::StrCat(timeout_.count())})[0];
  return std::vector<uint8_t>(value.begin(), value.end());
}

int64_t RendezvousStore::add(const std::string& key, int64_t value) {
  int64_t sum = 0;
  if (!absl::SimpleAtoi(AskOrThrow({"add", key, absl::StrCat(value)})[0], &sum)) {
    throw std::runtime_error("rendezvous: a sum that is no number");
  }
  return sum;
}

bool RendezvousStore::deleteKey(const std::string& key) { return AskOrThrow({"drop", key})[0] == "1"; }

bool RendezvousStore::check(const std::vector<std::string>& keys) {
  Words request = {"has"};
  request.insert(request.end(), keys.begin(), keys.end());
  return AskOrThrow(request)[0] == "1";
}

int64_t RendezvousStore::getNumKeys() {
  int64_t count = 0;
  return absl::SimpleAtoi(AskOrThrow({"count"})[0], &count) ? count : 0;
}

void RendezvousStore::wait(const std::vector<std::string>& keys, const std::chrono::milliseconds& timeout) {
  for (const std::string& key : keys) AskOrThrow({"get", key, absl::StrCat(timeout.count())});
}

}  // namespace bonsai
