#include "worker/agent/rendezvous_server.h"

#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/crypto.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "runner/rendezvous_frame.h"

namespace bonsai {
namespace {

constexpr int kBacklog = 128;
constexpr std::chrono::milliseconds kAcceptPause(100);
constexpr int64_t kWaitMsMax = 3600 * 1000;
constexpr uint32_t kRanksMax = 4096;
// What a connection that has not joined yet may take to say so.
constexpr timeval kJoinTimeout = {10, 0};
constexpr timeval kForever = {0, 0};
constexpr int kOn = 1;
constexpr int kQuietSeconds = 30;

absl::Status Failed(const std::string& host, absl::string_view why) {
  return absl::UnavailableError(absl::StrCat("rendezvous server on ", host, ": ", why));
}

bool SameSecret(const std::string& given, const std::string& secret) {
  return given.size() == secret.size() && CRYPTO_memcmp(given.data(), secret.data(), secret.size()) == 0;
}

}  // namespace

RendezvousServer::RendezvousServer(int fd, std::string address, std::string secret)
    : fd_(fd), address_(std::move(address)), secret_(std::move(secret)), acceptor_([this] { Accept(); }) {}

absl::StatusOr<std::unique_ptr<RendezvousServer>> RendezvousServer::Start(const std::string& host,
                                                                          const std::string& secret) {
  addrinfo wanted = {}, *found = nullptr;
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_NUMERICHOST | AI_PASSIVE;
  if (const int failed = getaddrinfo(host.c_str(), "0", &wanted, &found); failed != 0) {
    return Failed(host, gai_strerror(failed));
  }
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool bound = fd >= 0 && bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, kBacklog) == 0;
  const int error = errno;
  freeaddrinfo(found);
  sockaddr_storage address = {};
  socklen_t size = sizeof address;
  char port[NI_MAXSERV];
  if (!bound || getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
      getnameinfo(reinterpret_cast<sockaddr*>(&address), size, nullptr, 0, port, sizeof port,
                  NI_NUMERICSERV) != 0) {
    if (fd >= 0) close(fd);
    return Failed(host, std::strerror(error));
  }
  return std::unique_ptr<RendezvousServer>(
      new RendezvousServer(fd, absl::StrCat(host, ":", port, "/", secret), secret));
}

RendezvousServer::~RendezvousServer() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    for (Connection& connection : connections_) {
      if (!connection.ended) shutdown(connection.fd, SHUT_RDWR);
    }
  }
  changed_.notify_all();
  shutdown(fd_, SHUT_RDWR);
  acceptor_.join();
  for (Connection& connection : connections_) connection.thread.join();
  close(fd_);
}

void RendezvousServer::Accept() {
  while (true) {
    const int fd = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
    std::unique_lock<std::mutex> lock(mutex_);
    if (stopping_) {
      if (fd >= 0) close(fd);
      return;
    }
    for (auto at = connections_.begin(); at != connections_.end();) {
      if (!at->ended) {
        ++at;
        continue;
      }
      at->thread.join();
      at = connections_.erase(at);
    }
    if (fd < 0) {
      // Too many files are open, say: there may be fewer soon.
      changed_.wait_for(lock, kAcceptPause);
    } else if (connections_.size() >= kRendezvousRanksMax) {
      close(fd);
    } else {
      Connection& connection = connections_.emplace_back();
      connection.fd = fd;
      connection.thread = std::thread([this, &connection] { Serve(connection); });
    }
  }
}

RendezvousServer::Meeting* RendezvousServer::Join(int fd, std::string* attempt, std::string* rank) {
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kJoinTimeout, sizeof kJoinTimeout);
  absl::StatusOr<Words> first = ReceiveRendezvousFrame(fd);
  if (!first.ok() || first->size() != 4 || (*first)[0] != "join" || !SameSecret((*first)[1], secret_))
    return nullptr;
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kForever, sizeof kForever);
  // A rank whose machine is gone closes nothing.
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &kOn, sizeof kOn);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &kQuietSeconds, sizeof kQuietSeconds);
  *attempt = (*first)[2];
  *rank = (*first)[3];
  if (!SendRendezvousFrame(fd, {""}).ok()) return nullptr;
  std::lock_guard<std::mutex> lock(mutex_);
  Meeting& meeting = meetings_[*attempt];
  ++meeting.connections;
  meeting.came.insert(*rank);
  meeting.here.insert(*rank);
  return &meeting;
}

void RendezvousServer::Serve(Connection& connection) {
  std::string attempt, rank;
  Meeting* const meeting = Join(connection.fd, &attempt, &rank);
  while (meeting != nullptr) {
    absl::StatusOr<Words> request = ReceiveRendezvousFrame(connection.fd);
    if (!request.ok() || request->empty()) break;
    if (!SendRendezvousFrame(connection.fd, Answer(*meeting, *request)).ok()) break;
  }
  std::lock_guard<std::mutex> lock(mutex_);
  if (meeting != nullptr) {
    meeting->here.erase(rank);
    if (--meeting->connections == 0) meetings_.erase(attempt);
  }
  close(connection.fd);
  connection.ended = true;
}

RendezvousServer::Words RendezvousServer::Answer(Meeting& meeting, const Words& request) {
  const std::string& verb = request[0];
  if (verb == "get" && request.size() == 3) return Get(meeting, request[1], request[2]);
  std::lock_guard<std::mutex> lock(mutex_);
  if (verb == "set" && request.size() == 3) return Set(meeting, request[1], request[2]);
  if (verb == "absent" && request.size() == 2) return Absent(meeting, request[1]);
  if (verb == "count") return {"", absl::StrCat(meeting.words.size())};
  if (verb == "has") {
    for (size_t i = 1; i < request.size(); ++i) {
      if (meeting.words.count(request[i]) == 0) return {"", "0"};
    }
    return {"", "1"};
  }
  if (verb == "drop" && request.size() == 2) {
    auto found = meeting.words.find(request[1]);
    if (found == meeting.words.end()) return {"", "0"};
    meeting.bytes -= found->first.size() + found->second.size();
    meeting.words.erase(found);
    return {"", "1"};
  }
  int64_t more = 0, sum = 0;
  if (verb == "add" && request.size() == 3 && absl::SimpleAtoi(request[2], &more)) {
    if (auto found = meeting.words.find(request[1]); found != meeting.words.end()) {
      if (!absl::SimpleAtoi(found->second, &sum)) return {"the value is no number"};
    }
    if (__builtin_add_overflow(sum, more, &sum)) return {"the sum is too large"};
    Words set = Set(meeting, request[1], absl::StrCat(sum));
    if (!set[0].empty()) return set;
    return {"", absl::StrCat(sum)};
  }
  return {"not understood"};
}

RendezvousServer::Words RendezvousServer::Set(Meeting& meeting, const std::string& key,
                                              const std::string& value) {
  auto found = meeting.words.find(key);
  const size_t before = found == meeting.words.end() ? 0 : key.size() + found->second.size();
  if (meeting.bytes - before + key.size() + value.size() > kRendezvousBytesMax) return {"too much is kept"};
  meeting.bytes += key.size() + value.size() - before;
  meeting.words[key] = value;
  changed_.notify_all();
  return {""};
}

RendezvousServer::Words RendezvousServer::Get(Meeting& meeting, const std::string& key,
                                              const std::string& milliseconds) {
  int64_t wait_ms = 0;
  if (!absl::SimpleAtoi(milliseconds, &wait_ms) || wait_ms < 0 || wait_ms > kWaitMsMax)
    return {"not understood"};
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait_for(lock, std::chrono::milliseconds(wait_ms),
                    [&] { return stopping_ || meeting.words.count(key) > 0; });
  auto found = meeting.words.find(key);
  if (found == meeting.words.end()) return {absl::StrCat("nothing came under ", key, " in time")};
  return {"", found->second};
}

RendezvousServer::Words RendezvousServer::Absent(const Meeting& meeting, const std::string& ranks) {
  uint32_t count = 0;
  if (!absl::SimpleAtoi(ranks, &count) || count > kRanksMax) return {"not understood"};
  Words answer = {""};
  for (uint32_t rank = 0; rank < count; ++rank) {
    const std::string name = absl::StrCat(rank);
    if (meeting.here.count(name) > 0) continue;
    answer.push_back(absl::StrCat(name, meeting.came.count(name) > 0 ? " gone" : " never"));
  }
  return answer;
}

}  // namespace bonsai
