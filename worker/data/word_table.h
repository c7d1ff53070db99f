// A cache of the ids of short words: of fixed size, sets of four, in which what is asked for often moves to
// the front and what is new takes the last place. A word costs one cache line, or two.
//
// Called by the word encoder. Belongs to one thread.
#ifndef BONSAI_WORKER_DATA_WORD_TABLE_H_
#define BONSAI_WORKER_DATA_WORD_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace bonsai {

// Up to 15 bytes of text, and its ids.
struct alignas(32) CachedWord {
  static constexpr size_t kBytesMax = 15;
  static constexpr size_t kIdsMax = 7;

  uint64_t key[2] = {};  // the bytes, zeros, and in the last byte their number
  uint16_t count = 0;
  uint16_t ids[kIdsMax] = {};
};

class WordTable {
 public:
  // Room for 2^log2_words words.
  explicit WordTable(int log2_words) : shift_(64 - (log2_words - 2)), words_(size_t{1} << log2_words) {}

  // The key of the `size` bytes at `text`, at most CachedWord::kBytesMax; 16 bytes can be read there.
  static void MakeKey(const char* text, size_t size, uint64_t key[2]) {
    std::memcpy(key, text, 16);
    const size_t high = size > 8 ? size - 8 : 0;
    const size_t low = size > 8 ? 8 : size;
    key[0] &= low == 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * low)) - 1;
    key[1] &= (uint64_t{1} << (8 * high)) - 1;
    key[1] |= static_cast<uint64_t>(size) << 56;
  }

  // The place of a key's set; the memory there is on its way once this returns.
  size_t Prefetch(const uint64_t key[2]) const {
    const size_t place = PlaceOf(key);
    __builtin_prefetch(&words_[place]);
    return place;
  }

  // The word whose key is of the set at `place`, or nullptr. The pointer holds until the next call.
  const CachedWord* Find(const uint64_t key[2], size_t place) {
    CachedWord* set = &words_[place];
    if (Is(set[0], key)) return &set[0];
    for (int i = 1; i < 4; ++i) {
      if (!Is(set[i], key)) continue;
      std::swap(set[i], set[i - 1]);
      return &set[i - 1];
    }
    return nullptr;
  }

  void Insert(const CachedWord& word) { words_[PlaceOf(word.key) + 3] = word; }

 private:
  static bool Is(const CachedWord& word, const uint64_t key[2]) {
    return ((word.key[0] ^ key[0]) | (word.key[1] ^ key[1])) == 0;
  }

  size_t PlaceOf(const uint64_t key[2]) const {
    const unsigned __int128 product =
        static_cast<unsigned __int128>(key[0] ^ 0x9E3779B97F4A7C15u) * (key[1] ^ 0xD6E8FEB86659FD93u);
    const uint64_t hash = static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
    return 4 * (hash >> shift_);
  }

  const int shift_;
  std::vector<CachedWord> words_;  // sets of four
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_WORD_TABLE_H_
