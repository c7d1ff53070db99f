#include "worker/agent/rank_board.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <iterator>

namespace bonsai {

RankBoard::RankBoard(absl::Duration stop_grace)
    : table_(stop_grace), action_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (action_fd_ < 0) std::abort();
}

RankBoard::~RankBoard() { close(action_fd_); }

void RankBoard::Decide(const std::function<std::vector<RankAction>(RankTable&)>& change) {
  std::lock_guard<std::mutex> lock(mutex_);
  std::vector<RankAction> actions = change(table_);
  if (actions.empty()) return;
  actions_.insert(actions_.end(), std::make_move_iterator(actions.begin()),
                  std::make_move_iterator(actions.end()));
  eventfd_write(action_fd_, 1);
}

std::vector<RankAction> RankBoard::TakeActions() {
  std::lock_guard<std::mutex> lock(mutex_);
  eventfd_t count;
  eventfd_read(action_fd_, &count);
  return std::exchange(actions_, {});
}

void RankBoard::RingSynchronizer() {
  std::lock_guard<std::mutex> lock(mutex_);
  rung_ = true;
  bell_.notify_one();
}

bool RankBoard::WaitForBell(absl::Duration at_most) {
  std::unique_lock<std::mutex> lock(mutex_);
  bell_.wait_for(lock, absl::ToChronoMilliseconds(at_most), [this] { return rung_; });
  return std::exchange(rung_, false);
}

void RankBoard::StartLeaving(absl::Time now) {
  Decide([&](RankTable& table) { return table.StopAll(now); });
  std::lock_guard<std::mutex> lock(mutex_);
  leaving_ = true;
  rung_ = true;
  bell_.notify_one();
}

bool RankBoard::leaving() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return leaving_;
}

}  // namespace bonsai
