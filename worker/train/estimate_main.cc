// bonsai-estimate: what the training jobs of a pipeline will cost. `bonsai estimate` starts it.
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "worker/train/pipeline_estimate.h"
#include "worker/train/run_meter.h"
#include "worker/train/step_speed.h"

namespace bonsai {
namespace {

constexpr char kUsage[] =
    "usage: bonsai-estimate --pipeline=FILE [--name=NAME] [--tokens-per-second=X] [--flops=X]\n"
    "                       [--price-per-hour=X] [--vocab-size=N] [--json]\n\n"
    "  FILE is a bonsai.v1.Pipeline in text format without variables; NAME is its name in messages. For "
    "people\n"
    "  `bonsai estimate` is the better command.\n";
constexpr size_t kFileBytesMax = size_t{8} << 20;
constexpr absl::Duration kMeasureTime = absl::Seconds(2);
// A model that is beyond this machine is not trained on it for a trial: so many bytes, or FLOPs a step.
constexpr double kTrialBytesMax = 4e9;
constexpr double kTrialFlopsMax = 2e12;
// What a run is taken to reach of the peak of the matrix products where no step was tried.
constexpr double kAssumedUtilization = 0.35;

struct Words {
  std::map<std::string, double> numbers = {
      {"tokens-per-second", 0}, {"flops", 0}, {"price-per-hour", 0}, {"vocab-size", 0}};
  std::string pipeline, name;
  bool json = false;
};

bool Parse(int argc, char** argv, Words& words) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const size_t equals = word.find('=');
    const std::string key = word.rfind("--", 0) == 0 ? word.substr(2, equals - 2) : "";
    const std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
    const auto number = words.numbers.find(key);
    if (word == "--json") {
      words.json = true;
    } else if (key == "pipeline" && !value.empty()) {
      words.pipeline = value;
    } else if (key == "name") {
      words.name = value;
    } else if (number == words.numbers.end() || !absl::SimpleAtod(value, &number->second) ||
               !(number->second > 0 && number->second < 1e30)) {
      std::cerr << "bonsai-estimate: what is \"" << word << "\"?\n\n" << kUsage;
      return false;
    }
  }
  if (words.pipeline.empty()) std::cerr << kUsage;
  return !words.pipeline.empty();
}

absl::StatusOr<v1::Pipeline> ReadPipeline(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kFileBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(std::max<std::streamsize>(0, file.gcount())));
  v1::Pipeline pipeline;
  if (!file.is_open() || file.bad() || text.size() > kFileBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot be read, or has more than ", kFileBytesMax, " bytes"));
  }
  if (!google::protobuf::TextFormat::ParseFromString(text, &pipeline)) {
    return absl::InvalidArgumentError("is no bonsai.v1.Pipeline in text format");
  }
  return pipeline;
}

// All ranks' threads, as far as this machine has processors: a step of one rank with the rows of them all.
MeasuredSpeed MeasureHere(const ParameterLayout& layout, const TrainingPlan& plan, const RunShape& shape) {
  const int wanted = shape.ranks * shape.threads;
  const int here = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const int threads = std::min(wanted, here);
  const double more = static_cast<double>(wanted) / threads;
  const std::string scaled =
      wanted > threads ? absl::StrFormat(", times %.3g for %d in all", more, wanted) : "";
  // The rows that these threads would have: a step of fewer is not the same work.
  const auto rows = std::max<int64_t>(threads, static_cast<int64_t>(plan.batch_sequences / more));
  const double step_flops = static_cast<double>(rows * shape.positions) *
                            TokenFlops(shape.config, static_cast<double>(shape.positions));
  const RunEstimate run = EstimateRun(plan, shape, 0);
  const std::string who = absl::StrCat(threads, threads == 1 ? " thread" : " threads");
  if (run.memory_bytes > kTrialBytesMax || step_flops > kTrialFlopsMax) {
    const double flops = kAssumedUtilization * MeasurePeakFlops(plan.precision, threads) * more;
    return {flops / TokenFlops(shape.config, static_cast<double>(shape.positions)),
            absl::StrCat("matrix products measured here with ", who, scaled, ", ", 100 * kAssumedUtilization,
                         " % of them assumed: the model is too large to try a step")};
  }
  const StepSpeed speed = MeasureStepSpeed(layout, plan, rows, shape.positions, threads, kMeasureTime);
  return {speed.tokens_per_second * more,
          absl::StrCat("measured here: ", speed.steps, " steps with ", who, scaled)};
}

int Main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (std::string(argv[i]) == "--help" || std::string(argv[i]) == "-h") {
      std::cout << kUsage;
      return 0;
    }
  }
  Words words;
  if (!Parse(argc, argv, words)) return 2;
  const std::string name = words.name.empty() ? words.pipeline : words.name;
  const auto refuse = [&](const absl::Status& status) {
    std::cerr << "bonsai: " << name << ": " << status.message() << "\n";
    return 1;
  };
  const absl::StatusOr<v1::Pipeline> pipeline = ReadPipeline(words.pipeline);
  if (!pipeline.ok()) return refuse(pipeline.status());
  EstimateQuestion question;
  question.tokens_per_second = words.numbers["tokens-per-second"];
  question.flops = words.numbers["flops"];
  question.price_per_hour = words.numbers["price-per-hour"];
  question.vocab_size = static_cast<uint32_t>(std::min(65536.0, words.numbers["vocab-size"]));
  const auto jobs = EstimatePipeline(*pipeline, question, MeasureHere);
  if (!jobs.ok()) return refuse(jobs.status());
  std::cout << (words.json ? EstimateJson(*jobs) : EstimateText(*jobs)) << std::flush;
  const bool any =
      std::any_of(jobs->begin(), jobs->end(), [](const JobEstimate& job) { return job.error.empty(); });
  return std::cout.good() && any ? 0 : 1;
}

}  // namespace
}  // namespace bonsai

int main(int argc, char** argv) { return bonsai::Main(argc, argv); }
