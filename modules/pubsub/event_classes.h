// The value of notify-keyspace-events: which events about keys become messages, and on which
// channels.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/base/result.h"
#include "server/config/option.h"
#include "server/keyspace/key_event.h"

namespace larder {

// Written as letters: K and E for the two kinds of channels, the others for classes of events.
class EventClasses {
 public:
  bool to_keyspace() const { return (bits_ & kKeyspace) != 0; }
  bool to_keyevent() const { return (bits_ & kKeyevent) != 0; }
  bool has(KeyEventClass event_class) const { return (bits_ & bit_of(event_class)) != 0; }
  // Whether any event becomes a message.
  bool is_on() const { return to_keyspace() || to_keyevent(); }

  // The four that the option kit asks for.
  Status read(WordsView words, Reading reading);
  std::string text() const;
  std::vector<Words> lines() const { return {{text()}}; }
  bool operator==(const EventClasses&) const = default;

 private:
  static constexpr uint32_t kModuleTypes = 1u << 28;  // d: accepted, and without any event so far
  static constexpr uint32_t kKeyspace = 1u << 29;
  static constexpr uint32_t kKeyevent = 1u << 30;
  static constexpr uint32_t bit_of(KeyEventClass event_class) {
    return 1u << static_cast<uint32_t>(event_class);
  }
  struct Letter {
    char letter;
    uint32_t bit;
  };
  static const Letter kLetters[];
  static uint32_t bits_of(char letter);

  uint32_t bits_ = 0;
};

}  // namespace larder
