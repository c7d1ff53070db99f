#include "evaluator/floors.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

constexpr size_t kNameBytesMax = 48;

v1::Floor MakeFloor(std::string name, double value) {
  v1::Floor floor;
  floor.set_name(std::move(name));
  floor.set_value(value);
  return floor;
}

// On one line, and not too long for a table.
std::string ConstantName(absl::string_view answer) {
  std::string shown(answer.substr(0, kNameBytesMax));
  if (shown.size() < answer.size()) {
    while (!shown.empty() && (shown.back() & 0xc0) == 0x80) shown.pop_back();
    if (!shown.empty() && (shown.back() & 0x80) != 0) shown.pop_back();
    shown += "...";
  }
  std::replace(shown.begin(), shown.end(), '\n', ' ');
  return absl::StrCat("constant answer ", shown.empty() ? "\"\"" : shown);
}

std::string MostFrequent(const std::map<std::string, size_t>& counts) {
  return std::max_element(counts.begin(), counts.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; })
      ->first;
}

}  // namespace

std::vector<v1::Floor> AnswerFloors(std::span<const FloorQuestion> questions,
                                    std::span<const std::string> known_answers) {
  if (questions.empty()) return {};
  std::map<std::string, size_t> expected;
  double guessed = 0;
  bool has_choices = true;
  for (const FloorQuestion& question : questions) {
    ++expected[question.expected];
    has_choices = has_choices && question.choices > 0;
    if (has_choices) guessed += 1. / question.choices;
  }
  const auto total = static_cast<double>(questions.size());
  const std::string constant = MostFrequent(expected);
  std::vector<v1::Floor> floors = {
      MakeFloor(ConstantName(constant), static_cast<double>(expected[constant]) / total)};
  if (!known_answers.empty()) {
    std::map<std::string, size_t> known;
    for (const std::string& answer : known_answers) ++known[answer];
    const auto found = expected.find(MostFrequent(known));
    const size_t right = found == expected.end() ? 0 : found->second;
    floors.push_back(MakeFloor("majority answer", static_cast<double>(right) / total));
  }
  if (has_choices) floors.push_back(MakeFloor("chance", guessed / total));
  return floors;
}

v1::Floor ConstantFloor(std::span<const std::string> candidates,
                        const std::function<double(absl::string_view)>& score, bool lower_is_better) {
  size_t best = 0;
  double best_value = score(candidates[0]);
  for (size_t i = 1; i < candidates.size(); ++i) {
    const double value = score(candidates[i]);
    if (lower_is_better ? value >= best_value : value <= best_value) continue;
    best = i;
    best_value = value;
  }
  return MakeFloor(ConstantName(candidates[best]), best_value);
}

void SetFloors(std::span<const v1::Floor> floors, v1::MetricResult* metric) {
  if (floors.empty()) return;
  const v1::Floor* best = &floors[0];
  for (const v1::Floor& floor : floors) {
    *metric->add_floors() = floor;
    const bool better =
        metric->lower_is_better() ? floor.value() < best->value() : floor.value() > best->value();
    if (better) best = &floor;
  }
  metric->set_floor(best->value());
  metric->set_floor_name(best->name());
}

}  // namespace bonsai
