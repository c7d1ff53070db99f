#include "runner/rendezvous_frame.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

constexpr size_t kWordsMax = 4096;
constexpr timeval kConnectTimeout = {5, 0};

void AppendNumber(uint32_t number, std::string* bytes) {
  for (int shift = 0; shift < 32; shift += 8) bytes->push_back(static_cast<char>(number >> shift));
}

bool TakeNumber(absl::string_view* bytes, uint32_t* number) {
  if (bytes->size() < 4) return false;
  *number = 0;
  for (int i = 3; i >= 0; --i) *number = *number << 8 | static_cast<unsigned char>((*bytes)[i]);
  bytes->remove_prefix(4);
  return true;
}

absl::Status Gone(absl::string_view what) {
  return absl::UnavailableError(absl::StrCat("rendezvous: ", what));
}

absl::Status ReceiveAll(int fd, char* data, size_t size) {
  while (size > 0) {
    const ssize_t got = recv(fd, data, size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Gone(std::strerror(errno));
    if (got == 0) return Gone("the other side closed the connection");
    data += got;
    size -= static_cast<size_t>(got);
  }
  return absl::OkStatus();
}

}  // namespace

std::string EncodeRendezvousFrame(const std::vector<std::string>& words) {
  std::string body;
  AppendNumber(static_cast<uint32_t>(words.size()), &body);
  for (const std::string& word : words) {
    AppendNumber(static_cast<uint32_t>(word.size()), &body);
    body += word;
  }
  std::string frame;
  AppendNumber(static_cast<uint32_t>(body.size()), &frame);
  return frame + body;
}

absl::StatusOr<std::vector<std::string>> DecodeRendezvousFrame(absl::string_view body) {
  uint32_t count = 0;
  if (!TakeNumber(&body, &count) || count > kWordsMax) {
    return absl::InvalidArgumentError("rendezvous: a frame without, or with too many words");
  }
  std::vector<std::string> words;
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t size = 0;
    if (!TakeNumber(&body, &size) || size > body.size()) {
      return absl::InvalidArgumentError("rendezvous: a frame's word is cut short");
    }
    words.emplace_back(body.substr(0, size));
    body.remove_prefix(size);
  }
  if (!body.empty()) return absl::InvalidArgumentError("rendezvous: a frame goes on behind its words");
  return words;
}

absl::Status SendRendezvousFrame(int fd, const std::vector<std::string>& words) {
  const std::string frame = EncodeRendezvousFrame(words);
  if (frame.size() > kRendezvousFrameBytesMax)
    return absl::InvalidArgumentError("rendezvous: a value is too long");
  for (size_t sent = 0; sent < frame.size();) {
    const ssize_t wrote = send(fd, frame.data() + sent, frame.size() - sent, MSG_NOSIGNAL);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return Gone(std::strerror(errno));
    sent += static_cast<size_t>(wrote);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> ReceiveRendezvousFrame(int fd) {
  std::string bytes(4, '\0');
  if (absl::Status status = ReceiveAll(fd, bytes.data(), bytes.size()); !status.ok()) return status;
  absl::string_view head = bytes;
  uint32_t size = 0;
  TakeNumber(&head, &size);
  if (size > kRendezvousFrameBytesMax) return absl::InvalidArgumentError("rendezvous: a frame is too long");
  bytes.resize(size);
  if (absl::Status status = ReceiveAll(fd, bytes.data(), bytes.size()); !status.ok()) return status;
  return DecodeRendezvousFrame(bytes);
}

absl::StatusOr<RendezvousAddress> ParseRendezvousAddress(absl::string_view text) {
  const size_t slash = text.find('/');
  const size_t colon = text.substr(0, slash).rfind(':');
  if (slash == absl::string_view::npos || colon == absl::string_view::npos || colon == 0 ||
      colon + 1 == slash) {
    return absl::InvalidArgumentError(absl::StrCat("task.rendezvous_address is \"",
                                                   absl::CHexEscape(text.substr(0, 100)),
                                                   "\"; valid: host:port/secret"));
  }
  return RendezvousAddress{std::string(text.substr(0, colon)),
                           std::string(text.substr(colon + 1, slash - colon - 1)),
                           std::string(text.substr(slash + 1))};
}

absl::StatusOr<int> ConnectTo(const std::string& host, const std::string& port) {
  addrinfo wanted = {}, *found = nullptr;
  wanted.ai_socktype = SOCK_STREAM;
  const int failed = getaddrinfo(host.c_str(), port.c_str(), &wanted, &found);
  if (failed != 0) return Gone(absl::StrCat(host, ":", port, ": ", gai_strerror(failed)));
  int error = EHOSTUNREACH;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    const int fd = socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC, one->ai_protocol);
    if (fd >= 0) setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &kConnectTimeout, sizeof kConnectTimeout);
    if (fd >= 0 && connect(fd, one->ai_addr, one->ai_addrlen) == 0) {
      freeaddrinfo(found);
      return fd;
    }
    error = errno;
    if (fd >= 0) close(fd);
  }
  freeaddrinfo(found);
  return Gone(absl::StrCat(host, ":", port, ": ", std::strerror(error)));
}

absl::StatusOr<std::string> OwnHost(int connected_fd) {
  sockaddr_storage address = {};
  socklen_t size = sizeof address;
  char host[NI_MAXHOST];
  if (getsockname(connected_fd, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
      getnameinfo(reinterpret_cast<sockaddr*>(&address), size, host, sizeof host, nullptr, 0,
                  NI_NUMERICHOST) != 0) {
    return Gone("this machine's own address is not known");
  }
  return std::string(host);
}

}  // namespace bonsai
