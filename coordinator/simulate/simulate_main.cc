// bonsai-simulate: what would become of a workload on a cluster, decided by the production scheduler.
#include <google/protobuf/util/json_util.h>

#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "coordinator/simulate/report_text.h"
#include "coordinator/simulate/simulation_check.h"
#include "coordinator/simulate/simulation_run.h"

namespace {

constexpr char kUsage[] =
    "usage: bonsai simulate FILE [--json]\n\n"
    "  Runs the scheduler over the cluster and the workload that FILE describes (bonsai.v1.Simulation in "
    "text\n"
    "  format; share/examples/cluster.textproto is one) in virtual time. Prints utilisation, waiting times,\n"
    "  preemptions and fairness.\n";
constexpr size_t kFileBytesMax = size_t{64} << 20;

absl::StatusOr<std::string> ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat("cannot be opened"));
  std::string text(kFileBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  if (file.bad() || text.size() > kFileBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot be read, or has more than ", kFileBytesMax, " bytes"));
  }
  return text;
}

std::string ToJson(const bonsai::v1::SimulationReport& report) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string json;
  return google::protobuf::util::MessageToJsonString(report, &json, options).ok() ? json + "\n" : "";
}

}  // namespace

int main(int argc, char** argv) {
  std::string path;
  bool json = false;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--help" || word == "-h") {
      std::cout << kUsage;
      return 0;
    }
    if (word == "--json") {
      json = true;
    } else if (path.empty() && word[0] != '-') {
      path = word;
    } else {
      std::cerr << "bonsai-simulate: what is \"" << word << "\"?\n\n" << kUsage;
      return 2;
    }
  }
  if (path.empty()) {
    std::cerr << kUsage;
    return 2;
  }
  const absl::StatusOr<std::string> text = ReadText(path);
  const absl::StatusOr<bonsai::v1::Simulation> simulation =
      text.ok() ? bonsai::ParseSimulation(*text) : absl::StatusOr<bonsai::v1::Simulation>(text.status());
  if (!simulation.ok()) {
    std::cerr << "bonsai-simulate: " << path << ": " << simulation.status().message() << "\n";
    return 1;
  }
  const bonsai::v1::SimulationReport report = bonsai::RunSimulation(*simulation);
  std::cout << (json ? ToJson(report) : bonsai::ReportText(report));
  return std::cout.flush() ? 0 : 1;
}
