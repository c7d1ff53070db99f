// Where the ranks of a gang that share no folder meet: words under keys, for each attempt apart, kept until
// the last rank of the attempt has hung up. It lives in the agent, so that no rank's death takes it away from
// the others, which can ask it who is gone.
//
// Made by the Agent. A thread accepts, and each rank that is connected has one; all end with this. Whoever
// connects must know the secret, which only the coordinator and the workers it gives tasks to see.
#ifndef BONSAI_WORKER_AGENT_RENDEZVOUS_SERVER_H_
#define BONSAI_WORKER_AGENT_RENDEZVOUS_SERVER_H_

#include <condition_variable>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"

namespace bonsai {

// Ranks that are connected at once, and bytes of an attempt's words; more are refused.
inline constexpr size_t kRendezvousRanksMax = 1024;
inline constexpr size_t kRendezvousBytesMax = 64 << 20;

class RendezvousServer {
 public:
  // Listens on a free port of this machine's address `host`, in digits. Unavailable.
  static absl::StatusOr<std::unique_ptr<RendezvousServer>> Start(const std::string& host,
                                                                 const std::string& secret);
  ~RendezvousServer();
  RendezvousServer(const RendezvousServer&) = delete;
  RendezvousServer& operator=(const RendezvousServer&) = delete;

  // "host:port/secret"
  const std::string& address() const { return address_; }

 private:
  using Words = std::vector<std::string>;
  struct Meeting {
    std::map<std::string, std::string> words;
    size_t bytes = 0;
    std::set<std::string> here, came;  // ranks
    int connections = 0;
  };
  struct Connection {
    int fd = -1;
    std::thread thread;
    bool ended = false;
  };

  RendezvousServer(int fd, std::string address, std::string secret);
  void Accept();
  void Serve(Connection& connection);
  // The meeting that the connection's first frame joins; nullptr if it may not.
  Meeting* Join(int fd, std::string* attempt, std::string* rank);
  Words Answer(Meeting& meeting, const Words& request);
  Words Get(Meeting& meeting, const std::string& key, const std::string& milliseconds);
  Words Set(Meeting& meeting, const std::string& key, const std::string& value);
  static Words Absent(const Meeting& meeting, const std::string& ranks);

  const int fd_;
  const std::string address_;
  const std::string secret_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::map<std::string, Meeting> meetings_;  // by attempt
  std::list<Connection> connections_;
  std::thread acceptor_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_AGENT_RENDEZVOUS_SERVER_H_
