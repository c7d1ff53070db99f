// Stories, instructions and questions, made up from the grammar: what stands in for C4, Alpaca and
// CommonsenseQA where no data set is at hand.
//
// Each call draws from the Grammar it is given and leaves no bindings behind. One thread.
#ifndef BONSAI_DEPLOY_STORIES_STORY_H_
#define BONSAI_DEPLOY_STORIES_STORY_H_

#include <string>

#include "deploy/stories/grammar.h"

namespace bonsai {

// One to four paragraphs, each on a line, with a person who keeps the same name, pronouns, place and thing
// throughout.
std::string MakeStory(Grammar& grammar);

struct MadeInstruction {
  std::string instruction;
  std::string input;  // may be empty
  std::string output;
};

MadeInstruction MakeInstruction(Grammar& grammar);

struct MadeQuestion {
  std::string stem;      // a short context, and a question that it answers
  Words choices;         // five, all different
  size_t answer = 0;     // which of them
  std::string concept_;  // what the question is about
};

MadeQuestion MakeQuestion(Grammar& grammar);

}  // namespace bonsai

#endif  // BONSAI_DEPLOY_STORIES_STORY_H_
