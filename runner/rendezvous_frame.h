// What a rank and a rendezvous server say to each other, one after the other, over TCP: a list of words
// behind their number, each behind its length; both in four bytes, the lowest first. A request's first word
// says what is wanted, an answer's first word is empty or says what is wrong.
//
//   join <secret> <attempt> <rank>   the first one
//   set <key> <value>
//   get <key> <milliseconds>         the value, once it is there; what is wrong if it does not come in time
//   add <key> <number>               the sum, in digits
//   has <key>...                     "1" if all are there, else "0"
//   drop <key>                       "1" if it was there, else "0"
//   count                            of keys
//   absent <ranks>                   of ranks 0 to ranks-1, "<rank> never" or "<rank> gone" for each that
//                                    is not there
//
// Used by worker/agent and worker/train. Functions without state; a descriptor belongs to one thread at a
// time.
#ifndef BONSAI_RUNNER_RENDEZVOUS_FRAME_H_
#define BONSAI_RUNNER_RENDEZVOUS_FRAME_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace bonsai {

// Of all words together.
inline constexpr size_t kRendezvousFrameBytesMax = 1 << 20;

std::string EncodeRendezvousFrame(const std::vector<std::string>& words);
// The words of a frame's body: all behind the four bytes of its length. InvalidArgument.
absl::StatusOr<std::vector<std::string>> DecodeRendezvousFrame(absl::string_view body);

// Unavailable: the other side is gone, or said nothing for as long as the socket waits.
absl::Status SendRendezvousFrame(int fd, const std::vector<std::string>& words);
absl::StatusOr<std::vector<std::string>> ReceiveRendezvousFrame(int fd);

// "host:port/secret", where the ranks of an attempt meet.
struct RendezvousAddress {
  std::string host;
  std::string port;
  std::string secret;
};
absl::StatusOr<RendezvousAddress> ParseRendezvousAddress(absl::string_view text);

// A socket connected to the host. Unavailable.
absl::StatusOr<int> ConnectTo(const std::string& host, const std::string& port);
// This machine's address on the connection, in digits: where others that reach the other side may reach it.
absl::StatusOr<std::string> OwnHost(int connected_fd);

}  // namespace bonsai

#endif  // BONSAI_RUNNER_RENDEZVOUS_FRAME_H_
