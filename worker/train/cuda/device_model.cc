#include "worker/train/cuda/device_model.h"

#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace bonsai {
namespace {

cuda::ResidentOptions OptionsOf(const RankGpu& gpu, const OptimizerSettings& settings) {
  cuda::ResidentOptions options = gpu.options;
  options.muon = settings.muon;
  options.normalize_rows = settings.normalize_rows;
  return options;
}

class DeviceModel final : public TrainedModel {
 public:
  DeviceModel(RankGroup& group, const ParameterLayout& layout, const TrainingPlan& plan, RankGpu gpu)
      : group_(group),
        size_(static_cast<size_t>(layout.size())),
        settings_(plan.optimizer),
        gpu_(std::move(gpu)),
        model_(*gpu_.device, layout.config(), OptionsOf(gpu_, settings_), gpu_.reducer.get()) {}

  void Restore(std::vector<float> parameters, std::vector<float> moment1,
               std::vector<float> moment2) override {
    model_.Load(parameters.data(), moment1.empty() ? nullptr : moment1.data(),
                moment2.empty() ? nullptr : moment2.data());
    has_parameters_ = has_moments_ = false;
    prepared_.reset();
  }

  absl::StatusOr<double> MakeGradient(BatchSource& source, uint64_t step,
                                      std::optional<uint64_t> next) override {
    if (prepared_ != step) {
      if (absl::Status status = Fill(source, step); !status.ok()) return status;
    }
    prepared_.reset();
    const BatchSource::Size size = source.SizeOf(step);
    model_.ClearGradient();
    model_.QueueGradient(Batch(current_), ScaleOf(size));
    // While the device is busy.
    if (next.has_value()) {
      current_ = 1 - current_;
      if (absl::Status status = Fill(source, *next); !status.ok()) return status;
      model_.Prepare(Batch(current_), ScaleOf(source.SizeOf(*next)));
      prepared_ = next;
    }
    if (gpu_.reducer != nullptr) {
      const std::string why = gpu_.reducer->Await(absl::ToDoubleSeconds(kRankTimeout));
      if (!why.empty()) return absl::UnavailableError(why);
    }
    std::vector<double> loss = {model_.TakeLoss()};
    if (group_.ranks() > 1) {
      if (absl::Status status = group_.Sum(absl::MakeSpan(loss)); !status.ok()) return status;
    }
    return loss[0] / static_cast<double>(size.targets);
  }

  double TakeWaitSeconds() override { return std::exchange(wait_seconds_, 0.0); }

  absl::StatusOr<double> Norm() override { return model_.GradientNorm(); }

  absl::Status Apply(uint64_t update, float learning_rate, double) override {
    const double t = static_cast<double>(update);
    cuda::UpdateScalars scalars = {};
    scalars.learning_rate = learning_rate;
    scalars.beta1 = settings_.beta1;
    scalars.beta2 = settings_.beta2;
    scalars.epsilon = settings_.epsilon;
    scalars.weight_decay = settings_.weight_decay;
    scalars.clip_norm = settings_.clip_norm;
    scalars.bias1 = static_cast<float>(1.0 - std::pow(double{settings_.beta1}, t));
    scalars.bias2 = static_cast<float>(1.0 - std::pow(double{settings_.beta2}, t));
    scalars.muon_learning_rate = learning_rate * settings_.muon_rate_ratio;
    scalars.momentum = settings_.momentum;
    scalars.row_beta = settings_.row_beta;
    model_.Update(scalars);
    has_parameters_ = has_moments_ = false;
    return absl::OkStatus();
  }

  double Loss(const TokenBatch& batch) override {
    return model_.Loss({batch.rows, batch.positions, batch.tokens, batch.targets});
  }

  absl::Span<const float> Parameters() override {
    parameters_.resize(size_);
    if (!std::exchange(has_parameters_, true)) model_.Save(parameters_.data(), nullptr, nullptr);
    return parameters_;
  }

  State OwnState() override {
    Parameters();
    moment1_.resize(size_);
    moment2_.resize(size_);
    if (!std::exchange(has_moments_, true)) model_.Save(nullptr, moment1_.data(), moment2_.data());
    return {parameters_, moment1_, moment2_};
  }

  absl::StatusOr<State> WholeState() override { return OwnState(); }

  std::vector<float> TakeParameters() override {
    Parameters();
    return std::move(parameters_);
  }

  const ShardMap* shards() const override { return nullptr; }
  const std::optional<std::vector<FlatRange>>& share() const override { return all_; }
  double PeakFlops() const override { return gpu_.peak_flops; }

 private:
  static float ScaleOf(const BatchSource::Size& size) { return 1.0f / static_cast<float>(size.targets); }

  cuda::HostBatch Batch(int buffer) const {
    const TokenBatch batch = buffers_[buffer].View();
    return {batch.rows, batch.positions, batch.tokens, batch.targets};
  }

  // This rank's rows of a step, into the current buffer.
  absl::Status Fill(BatchSource& source, uint64_t step) {
    RowBuffer& buffer = buffers_[current_];
    const RowShare share = ShareOf(source.SizeOf(step).rows, group_.ranks(), group_.rank());
    buffer.rows = share.end - share.begin;
    if (buffer.rows == 0) return absl::OkStatus();
    const absl::Time begin = absl::Now();
    const absl::Status status = source.Fill(step, share.begin, buffer.rows, &buffer);
    wait_seconds_ += absl::ToDoubleSeconds(absl::Now() - begin);
    return status;
  }

  RankGroup& group_;
  const size_t size_;
  const OptimizerSettings settings_;
  RankGpu gpu_;
  cuda::ResidentModel model_;
  RowBuffer buffers_[2];  // what the device reads, and what it will
  int current_ = 0;
  std::optional<uint64_t> prepared_;  // the step whose rows are in the current buffer
  double wait_seconds_ = 0;
  std::vector<float> parameters_, moment1_, moment2_;  // as they were read
  bool has_parameters_ = false, has_moments_ = false;
  const std::optional<std::vector<FlatRange>> all_;
};

}  // namespace

std::string WhyNotResident(const TrainingPlan& plan, bool sums_alone) {
  if (!sums_alone) return "the ranks' GPUs do not sum their gradients by themselves";
  if (plan.shard_optimizer) return absl::StrCat(plan.kind, ".shard_optimizer is the CPU's");
  if (plan.width_transfer_dim > 0) return absl::StrCat(plan.kind, ".width_transfer_dim is the CPU's");
  return "";
}

std::unique_ptr<TrainedModel> CreateDeviceModel(RankGroup& group, const ParameterLayout& layout,
                                                const TrainingPlan& plan, RankGpu gpu) {
  return std::make_unique<DeviceModel>(group, layout, plan, std::move(gpu));
}

}  // namespace bonsai
