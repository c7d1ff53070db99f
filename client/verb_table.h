// The verbs of the command line, and what is run for each.
//
// Filled by CommandLine and ControlCommands; one thread.
#ifndef BONSAI_CLIENT_VERB_TABLE_H_
#define BONSAI_CLIENT_VERB_TABLE_H_

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "client/session.h"

namespace bonsai {

class VerbTable {
 public:
  using Action = std::function<absl::StatusOr<int>(Session&)>;

  // `app` must outlive the table.
  explicit VerbTable(CLI::App& app) : app_(app) {}

  CLI::App& app() { return app_; }

  // A verb below `parent`, which is the app or another verb.
  CLI::App* Add(CLI::App& parent, const std::string& name, const std::string& what, Action action) {
    CLI::App* verb = parent.add_subcommand(name, what);
    verb->fallthrough();
    actions_[verb] = std::move(action);
    return verb;
  }

  // The action of the innermost verb on the command line that was parsed; nullptr if there is none.
  const Action* Chosen() const {
    const CLI::App* verb = &app_;
    while (!verb->get_subcommands().empty()) verb = verb->get_subcommands().back();
    const auto found = actions_.find(verb);
    return found == actions_.end() ? nullptr : &found->second;
  }

 private:
  CLI::App& app_;
  std::map<const CLI::App*, Action> actions_;
};

// What "name=value" is not; empty if it is.
std::string CheckSetting(const std::string& setting);

// The settings by name. Empty (and a line on stderr) if one is given twice.
bool TakeSettings(const std::vector<std::string>& sets, std::map<std::string, std::string>& settings,
                  Session& session);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_VERB_TABLE_H_
