// Gauges of one name whose labels come and go, as what they measure does: set all at once, and those that are
// not set any more are gone, so that a queue that is empty of something does not show what it once held.
//
// Safe to call from any thread.
#ifndef BONSAI_COORDINATOR_WEB_GAUGE_SET_H_
#define BONSAI_COORDINATOR_WEB_GAUGE_SET_H_

#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <map>
#include <mutex>
#include <string>

namespace bonsai {

class GaugeSet {
 public:
  using Labels = std::map<std::string, std::string>;

  // Sets of labels beyond these are not shown.
  static constexpr size_t kMembersMax = 1000;

  // `registry` must outlive this.
  GaugeSet(prometheus::Registry& registry, const char* name, const char* help)
      : family_(prometheus::BuildGauge().Name(name).Help(help).Register(registry)) {}

  void Set(const std::map<Labels, double>& values) {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (auto it = gauges_.begin(); it != gauges_.end();) {
      if (values.count(it->first) > 0) {
        ++it;
        continue;
      }
      family_.Remove(it->second);
      it = gauges_.erase(it);
    }
    for (const auto& [labels, value] : values) {
      auto known = gauges_.find(labels);
      if (known == gauges_.end()) {
        if (gauges_.size() >= kMembersMax) continue;
        known = gauges_.emplace(labels, &family_.Add(labels)).first;
      }
      known->second->Set(value);
    }
  }

 private:
  prometheus::Family<prometheus::Gauge>& family_;
  std::mutex mutex_;
  std::map<Labels, prometheus::Gauge*> gauges_;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_WEB_GAUGE_SET_H_
