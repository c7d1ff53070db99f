// What each tenant has used and holds: who is to go first, by weighted fair share. Usage is the integral of
// what running ranks hold (cpus, a gpu counting as many), older use counting less by exponential decay, so
// that it is known in closed form at any time without touching a job.
//
// Used by the Dispatcher; single-threaded; no clock: `now` never goes back.
#ifndef BONSAI_COORDINATOR_SCHEDULER_FAIR_SHARE_H_
#define BONSAI_COORDINATOR_SCHEDULER_FAIR_SHARE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bonsai/v1/config.pb.h"

namespace bonsai {

class FairShare {
 public:
  // A small number that stands for a tenant as long as this object lives.
  using Tenant = uint32_t;

  // How many cpus a gpu counts as.
  static constexpr double kCpusPerGpu = 16;
  // What a tenant starts counts against it at once, as if it ran for so long: else whoever is first would
  // take all that is free before a second has been used. Within the first hour of a day's half-life it
  // matters, then little.
  static constexpr absl::Duration kHorizon = absl::Minutes(10);

  // A half-life of zero or less: only what is held counts.
  FairShare(const std::vector<v1::TenantConfig>& tenants, absl::Duration half_life);

  Tenant Find(absl::string_view name);
  const std::string& name(Tenant tenant) const { return accounts_[tenant].config.name(); }
  const v1::TenantConfig& config(Tenant tenant) const { return accounts_[tenant].config; }
  size_t size() const { return accounts_.size(); }

  void Hold(Tenant tenant, uint64_t cpus, uint64_t gpus, absl::Time now);
  void Release(Tenant tenant, uint64_t cpus, uint64_t gpus, absl::Time now);
  // What was held from `start` to `end`, both not after now: after a restart.
  void AddPast(Tenant tenant, uint64_t cpus, uint64_t gpus, absl::Time start, absl::Time end, absl::Time now);

  // Room that is kept for a job of the tenant: in Order it counts as if the job ran.
  void Keep(Tenant tenant, uint64_t cpus, uint64_t gpus);
  void Unkeep(Tenant tenant, uint64_t cpus, uint64_t gpus);

  uint64_t cpus(Tenant tenant) const { return accounts_[tenant].cpus; }
  uint64_t gpus(Tenant tenant) const { return accounts_[tenant].gpus; }
  uint64_t kept_cpus(Tenant tenant) const { return accounts_[tenant].kept_cpus; }
  uint64_t kept_gpus(Tenant tenant) const { return accounts_[tenant].kept_gpus; }
  // Of its artifacts: bound by a quota, but no part of its usage.
  void AddStorage(Tenant tenant, uint64_t bytes) { accounts_[tenant].storage_bytes += bytes; }
  uint64_t storage_bytes(Tenant tenant) const { return accounts_[tenant].storage_bytes; }
  // Cpu-seconds, decayed to now.
  double Usage(Tenant tenant, absl::Time now) const;
  // Smaller goes first: usage, and what is held or kept for kHorizon more, for each unit of weight.
  double Order(Tenant tenant, absl::Time now) const;

 private:
  struct Account {
    v1::TenantConfig config;
    double weight = 1;
    uint64_t cpus = 0;
    uint64_t gpus = 0;
    uint64_t storage_bytes = 0;
    uint64_t kept_cpus = 0;
    uint64_t kept_gpus = 0;
    double used = 0;  // cpu-seconds at `as_of`
    absl::Time as_of = absl::InfinitePast();
  };

  // In cpus.
  static double Rate(uint64_t cpus, uint64_t gpus);
  static double Rate(const Account& account) { return Rate(account.cpus, account.gpus); }
  // exp2(-span / half_life)
  double Decay(absl::Duration span) const;
  // The decayed integral of a rate of 1 over a span that ends now, in seconds.
  double Integral(absl::Duration span) const;
  void Advance(Account& account, absl::Time now) const;

  const absl::Duration half_life_;
  std::vector<Account> accounts_;
  absl::btree_map<std::string, Tenant> by_name_;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_FAIR_SHARE_H_
