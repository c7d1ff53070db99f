// An HTTP server on loopback for tests: it serves one body to every GET and keeps what was asked. Tests only.
#ifndef BONSAI_WORKER_DATA_LOOPBACK_SERVER_TESTING_H_
#define BONSAI_WORKER_DATA_LOOPBACK_SERVER_TESTING_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"

namespace bonsai {

class LoopbackServer {
 public:
  enum class Mode { kRanges, kWhole, kUnknownLength, kMissing, kSilent };

  LoopbackServer(std::string body, Mode mode) : body_(std::move(body)), mode_(mode) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 8) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      std::abort();
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }

  ~LoopbackServer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
    for (int fd : silent_) close(fd);
  }

  std::string Url(const std::string& path) const {
    return absl::StrCat("http://127.0.0.1:", port_, "/", path);
  }

  std::vector<std::string> requests() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return requests_;
  }

 private:
  void Serve() {
    while (true) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      std::string request;
      char buffer[4096];
      while (request.find("\r\n\r\n") == std::string::npos) {
        const ssize_t n = read(fd, buffer, sizeof(buffer));
        if (n <= 0) break;
        request.append(buffer, n);
      }
      {
        std::lock_guard<std::mutex> lock(mutex_);
        requests_.push_back(request);
      }
      if (mode_ == Mode::kSilent) {
        silent_.push_back(fd);
        continue;
      }
      const std::string answer = Answer(request);
      for (size_t sent = 0; sent < answer.size();) {
        const ssize_t n = send(fd, answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
        if (n <= 0) break;
        sent += n;
      }
      close(fd);
    }
  }

  std::string Answer(const std::string& request) const {
    if (mode_ == Mode::kMissing) return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    if (mode_ == Mode::kUnknownLength) return "HTTP/1.0 200 OK\r\n\r\n" + body_;
    const size_t range = request.find("Range: bytes=");
    if (range == std::string::npos || mode_ == Mode::kWhole)
      return absl::StrCat("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ", body_.size(),
                          "\r\n\r\n", body_);
    const size_t from = std::strtoull(request.c_str() + range + 13, nullptr, 10);
    if (from >= body_.size())
      return "HTTP/1.1 416 Range Not Satisfiable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    return absl::StrCat("HTTP/1.1 206 Partial Content\r\nConnection: close\r\nContent-Length: ",
                        body_.size() - from, "\r\nContent-Range: bytes ", from, "-", body_.size() - 1, "/",
                        body_.size(), "\r\n\r\n", body_.substr(from));
  }

  const std::string body_;
  const Mode mode_;
  int listener_ = -1;
  int port_ = 0;
  std::vector<int> silent_;  // connections that are never answered
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_LOOPBACK_SERVER_TESTING_H_
