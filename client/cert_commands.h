// The command lines of `bonsai cert` and of the options that say what to show to a coordinator.
//
// Called by CommandLine.
#ifndef BONSAI_CLIENT_CERT_COMMANDS_H_
#define BONSAI_CLIENT_CERT_COMMANDS_H_

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "client/cert_verbs.h"
#include "client/session.h"

namespace bonsai {

class CertCommands {
 public:
  using Action = std::function<absl::StatusOr<int>(Session&)>;
  // Adds a verb below another and remembers its action.
  using AddVerb = std::function<CLI::App*(CLI::App& parent, const std::string& name, const std::string& what,
                                          Action action)>;

  // Adds the verbs. This must outlive the parsing and the actions.
  CertCommands(CLI::App& app, const AddVerb& add);
  CertCommands(const CertCommands&) = delete;
  CertCommands& operator=(const CertCommands&) = delete;

 private:
  void AddCallers(CLI::App& cert, const AddVerb& add);
  void AddToken(CLI::App& cert, const AddVerb& add);
  void AddDays(CLI::App& verb, int least, const std::string& what);

  CertOptions options_;
};

// --credentials, --ca, --cert, --key, --token-file, and their variables in the environment.
void AddCredentialOptions(CLI::App& app, Session& session);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_CERT_COMMANDS_H_
