// What the client prints to: whether a person watches, and how much fits.
//
// Made by main from the environment and by tests by hand; a value.
#ifndef BONSAI_CLIENT_SCREEN_H_
#define BONSAI_CLIENT_SCREEN_H_

#include <cstddef>

namespace bonsai {

struct Screen {
  bool terminal = false;  // lines may be drawn again in place
  bool colour = false;
  bool unicode = false;
  size_t columns = 100;
  size_t rows = 24;
};

// Of a file descriptor, by the terminal's size and $COLUMNS, $NO_COLOR, $TERM, $LC_ALL, $LC_CTYPE, $LANG.
Screen DetectScreen(int fd);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_SCREEN_H_
