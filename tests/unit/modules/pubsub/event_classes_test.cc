#include "modules/pubsub/event_classes.h"

#include <catch2/catch.hpp>

namespace larder {
namespace {

std::string shown(const std::string& letters) {
  EventClasses classes;
  const Words words = {letters};
  const Status read = classes.read(words, Reading::first);
  return read.is_ok() ? classes.text() : "refused";
}

TEST_CASE("classes of events are read and shown as Redis does") {
  CHECK(shown("") == "");
  CHECK(shown("KEA") == "AKE");
  CHECK(shown("g$lshzxetdKE") == "AKE");
  CHECK(shown("AKEmn") == "AKEm");
  CHECK(shown("Kgn") == "gnK");
  CHECK(shown("mE") == "Em");
  CHECK(shown("KK") == "K");
  CHECK(shown("a") == "refused");
  CHECK(shown("K E") == "refused");
  CHECK(shown(std::string("K\0", 2)) == "refused");
}

TEST_CASE("a value that is refused changes nothing, and what is shown reads back") {
  EventClasses classes;
  const Words good = {"Kx"};
  const Words bad = {"Eq"};
  CHECK(!classes.is_on());
  REQUIRE(classes.read(good, Reading::first).is_ok());
  CHECK(!classes.read(bad, Reading::first).is_ok());
  CHECK(classes.text() == "xK");
  CHECK(classes.is_on());
  CHECK(classes.to_keyspace());
  CHECK(!classes.to_keyevent());
  CHECK(classes.has(KeyEventClass::expired));
  CHECK(!classes.has(KeyEventClass::generic));
  EventClasses again;
  REQUIRE(again.read(classes.lines()[0], Reading::first).is_ok());
  CHECK(again == classes);
}

TEST_CASE("classes without a kind of channel publish nothing") {
  EventClasses classes;
  const Words words = {"gx"};
  REQUIRE(classes.read(words, Reading::first).is_ok());
  CHECK(!classes.is_on());
}

}  // namespace
}  // namespace larder
