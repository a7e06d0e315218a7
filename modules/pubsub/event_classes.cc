#include "modules/pubsub/event_classes.h"

#include <algorithm>
#include <iterator>

#include "server/base/errors.h"

namespace larder {

// In the order in which CONFIG GET shows them.
constexpr EventClasses::Letter EventClasses::kLetters[] = {
    {'g', bit_of(KeyEventClass::generic)},
    {'$', bit_of(KeyEventClass::string)},
    {'l', bit_of(KeyEventClass::list)},
    {'s', bit_of(KeyEventClass::set)},
    {'h', bit_of(KeyEventClass::hash)},
    {'z', bit_of(KeyEventClass::sorted_set)},
    {'x', bit_of(KeyEventClass::expired)},
    {'e', bit_of(KeyEventClass::evicted)},
    {'t', bit_of(KeyEventClass::stream)},
    {'d', kModuleTypes},
    {'n', bit_of(KeyEventClass::new_key)},
    {'K', kKeyspace},
    {'E', kKeyevent},
    {'m', bit_of(KeyEventClass::key_miss)},
};

namespace {

constexpr size_t kInAll = 10;  // letters from the front of the list: A means all of them

}  // namespace

uint32_t EventClasses::bits_of(char letter) {
  uint32_t bits = 0;
  if (letter == 'A') {
    for (size_t i = 0; i < kInAll; i++) bits |= kLetters[i].bit;
    return bits;
  }
  const auto known = std::ranges::find(kLetters, letter, &Letter::letter);
  return known == std::end(kLetters) ? 0 : known->bit;
}

Status EventClasses::read(WordsView words, Reading) {
  if (words.size() != 1) return errors::wrong_number_of_words();
  uint32_t bits = 0;
  for (const char letter : words[0]) {
    const uint32_t more = bits_of(letter);
    if (more == 0) return errors::invalid_event_class();
    bits |= more;
  }
  bits_ = bits;
  return ok;
}

std::string EventClasses::text() const {
  std::string text;
  const uint32_t all = bits_of('A');
  const bool has_all = (bits_ & all) == all;
  if (has_all) text += 'A';
  // As in Redis: behind an A no letter of a class follows but m, not even n.
  for (const Letter& letter : kLetters) {
    const bool is_hidden = has_all && ((letter.bit & all) != 0 || letter.letter == 'n');
    if ((bits_ & letter.bit) != 0 && !is_hidden) text += letter.letter;
  }
  return text;
}

}  // namespace larder
