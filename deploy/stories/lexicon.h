// The word lists of the story grammar. Constant; safe from any thread.
#ifndef BONSAI_DEPLOY_STORIES_LEXICON_H_
#define BONSAI_DEPLOY_STORIES_LEXICON_H_

#include <string>

#include "deploy/stories/grammar.h"

namespace bonsai {

// The list of that name, or nullptr.
const Words* FindWords(const std::string& name);

}  // namespace bonsai

#endif  // BONSAI_DEPLOY_STORIES_LEXICON_H_
