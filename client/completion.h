// Completion scripts for shells, made from the command line's own description: nothing to keep in step by
// hand.
//
// Called by the verb `completion`. Pure.
#ifndef BONSAI_CLIENT_COMPLETION_H_
#define BONSAI_CLIENT_COMPLETION_H_

#include <string>

namespace CLI {
class App;
}

namespace bonsai {

// `shell` is "bash", "zsh" or "fish".
std::string CompletionScript(const CLI::App& app, const std::string& shell);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_COMPLETION_H_
