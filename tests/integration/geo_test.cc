// Random places and searches, asked of Larder and of redis-server: the same places in the same
// order with the same digits. What is hard about a map is at its edges, so most scenes are there.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "server/base/random.h"
#include "tests/support/reference_server.h"
#include "tests/support/reply_text.h"
#include "tests/support/test_server.h"

namespace larder {
namespace {

using Request = std::vector<std::string>;

constexpr double kNorthEnd = 85.05112878;  // of the map

std::string text_of(double number) {
  char text[40];
  std::snprintf(text, sizeof(text), "%.17g", number);
  return text;
}

std::string text_of(const Request& request) {
  std::string text;
  for (const std::string& word : request) text += (text.empty() ? "" : " ") + word;
  return text;
}

// --- What is asked ---

struct Question {
  Request request;
  // Redis chooses the nearest few by a sort that leaves equally far ones in any order, and any of
  // them at the end of the choice. Which of the members at one place it is does not count then.
  bool is_free_choice = false;
  // Members and scores by turns: 7.2 writes a number with the fewest digits that tell it from all
  // others, 7.0 with seventeen.
  bool has_scores = false;
};

struct Place {
  double longitude;
  double latitude;
};

// Where the places of a scene are, and how many members each has.
struct Scene {
  const char* name;
  Place low;
  Place high;
  int places;
  int members_at_each = 1;
};

constexpr Scene kScenes[] = {
    {"the whole map", {-180, -kNorthEnd}, {180, kNorthEnd}, 3000},
    {"a city", {13.0, 52.3}, {13.8, 52.7}, 3000},
    {"a village", {2.35, 48.85}, {2.4, 48.9}, 100},
    {"the northern edge", {-180, 84.5}, {180, kNorthEnd}, 2000},
    {"the southern edge", {-180, -kNorthEnd}, {180, -84}, 2000},
    {"the date line", {179, -30}, {181, 30}, 2000},
    {"the date line in the north", {178, 79}, {182, kNorthEnd}, 1000},
    {"where equator and meridian cross", {-0.5, -0.5}, {0.5, 0.5}, 2000},
    {"many at one place", {-5, 40}, {5, 50}, 60, 30},
};

class Cartographer {
 public:
  Cartographer(const Scene& scene, uint64_t seed) : scene_(scene), random_(seed) {
    for (int i = 0; i < scene_.places; i++) places_.push_back(random_place());
  }

  std::vector<Question> additions() {
    std::vector<Question> requests;
    for (size_t i = 0; i < places_.size(); i++) {
      for (int which = 0; which < scene_.members_at_each; which++) {
        requests.push_back({{"GEOADD", "places", text_of(places_[i].longitude),
                             text_of(places_[i].latitude), member(i, which)}});
      }
    }
    return requests;
  }

  // One that reads, or stores under "result".
  Request question() {
    switch (random_.below(8)) {
      case 0:
        return {"GEOPOS", "places", any_member(), any_member(), "missing"};
      case 1:
        return {"GEOHASH", "places", any_member(), "missing", any_member()};
      case 2: {
        Request request = {"GEODIST", "places", any_member(), any_member()};
        if (random_.below(5) != 0) request.push_back(unit());
        return request;
      }
      case 3:
        return radius();
      case 4:
        return store();
      default:
        return search();
    }
  }

 private:
  double fraction() { return static_cast<double>(random_.next() >> 11) * 0x1p-53; }
  double between(double low, double high) { return low + (high - low) * fraction(); }
  template <size_t Count>
  std::string one_of(const char* const (&words)[Count]) {
    return words[random_.below(Count)];
  }

  // The scene may reach over the date line.
  Place random_place() {
    Place place{between(scene_.low.longitude, scene_.high.longitude),
                between(scene_.low.latitude, scene_.high.latitude)};
    if (place.longitude > 180) place.longitude -= 360;
    // Some exactly on an edge of the map.
    switch (random_.below(50)) {
      case 0:
        if (scene_.high.longitude >= 180) place.longitude = 180;
        break;
      case 1:
        if (scene_.low.longitude <= -180) place.longitude = -180;
        break;
      case 2:
        if (scene_.high.latitude == kNorthEnd) place.latitude = kNorthEnd;
        break;
      case 3:
        if (scene_.low.latitude == -kNorthEnd) place.latitude = -kNorthEnd;
        break;
      default:
        break;
    }
    return place;
  }
  static std::string member(size_t place, int which) {
    return "m" + std::to_string(place) + "." + std::to_string(which);
  }
  std::string any_member() {
    const auto which =
        static_cast<int>(random_.below(static_cast<uint64_t>(scene_.members_at_each)));
    return member(random_.below(places_.size()), which);
  }
  std::string unit() { return one_of({"m", "km", "ft", "mi", "KM"}); }

  // From nothing over a hair to several globes.
  std::string size() {
    switch (random_.below(12)) {
      case 0:
        return one_of({"0", "0.0", "1e-9", "1e-3"});
      case 1:
        return one_of({"20037726.37", "40075016.7", "12756200", "1e9", "1e30"});
      default:
        return text_of(std::pow(10.0, between(0, 7.5)));
    }
  }
  Request center(bool is_radius) {
    const bool is_member = random_.below(2) == 0;
    if (is_member) return is_radius ? Request{any_member()} : Request{"FROMMEMBER", any_member()};
    const Place place =
        random_.below(3) == 0 ? places_[random_.below(places_.size())] : random_place();
    Request words = {text_of(place.longitude), text_of(place.latitude)};
    if (!is_radius) words.insert(words.begin(), "FROMLONLAT");
    return words;
  }
  void add_order_and_count(Request& request) {
    if (random_.below(3) != 0) request.push_back(one_of({"ASC", "DESC"}));
    if (random_.below(2) == 0) return;
    request.insert(request.end(), {"COUNT", std::to_string(1 + random_.below(40))});
    if (random_.below(3) == 0) request.push_back("ANY");
  }
  void add_details(Request& request) {
    for (const char* detail : {"WITHDIST", "WITHHASH", "WITHCOORD"}) {
      if (random_.below(2) == 0) request.push_back(detail);
    }
  }
  void add_shape(Request& request) {
    // Units bring the sizes of the scene near, or far away, by turns.
    if (random_.below(2) == 0) {
      request.insert(request.end(), {"BYRADIUS", size(), unit()});
    } else {
      request.insert(request.end(), {"BYBOX", size(), size(), unit()});
    }
  }
  static void append(Request& request, const Request& words) {
    request.insert(request.end(), words.begin(), words.end());
  }

  Request search() {
    Request request = {"GEOSEARCH", "places"};
    append(request, center(false));
    add_shape(request);
    add_order_and_count(request);
    add_details(request);
    return request;
  }
  Request radius() {
    const Request middle = center(true);
    Request request = {middle.size() == 1 ? "GEORADIUSBYMEMBER" : "GEORADIUS", "places"};
    const bool stores = random_.below(4) == 0;
    if (!stores && random_.below(2) == 0) request[0] += "_RO";
    append(request, middle);
    append(request, {size(), unit()});
    add_order_and_count(request);
    if (stores) {
      append(request, {one_of({"STORE", "STOREDIST"}), "result"});
    } else {
      add_details(request);
    }
    return request;
  }
  Request store() {
    Request request = {"GEOSEARCHSTORE", "result", "places"};
    append(request, center(false));
    add_shape(request);
    add_order_and_count(request);
    if (random_.below(2) == 0) request.push_back("STOREDIST");
    return request;
  }

  const Scene& scene_;
  Random random_;
  std::vector<Place> places_;
};

// --- How answers are compared ---

bool has_word(const Request& request, const char* word) {
  return std::ranges::find(request, word) != request.end();
}

// With a look at what was stored.
void ask(Request request, std::vector<Question>& questions) {
  const bool is_free_choice = has_word(request, "COUNT") && !has_word(request, "ANY");
  const bool stores = has_word(request, "result");
  questions.push_back({std::move(request), is_free_choice});
  if (stores) {
    questions.push_back({{"ZRANGE", "result", "0", "-1", "WITHSCORES"}, is_free_choice, true});
  }
}

void write_scores_alike(Reply& reply) {
  for (size_t i = 1; i < reply.children.size(); i += 2) {
    std::string& score = reply.children[i].text;
    score = text_of(std::strtod(score.c_str(), nullptr));
  }
}

// The same asked of both.
class Comparison {
 public:
  Comparison() : larder_(server_.connect()), redis_(reference_.connect()) {}

  // Beginning with an empty map.
  void add(const std::vector<Question>& additions) {
    run({{{"DEL", "places", "result"}}});
    run(additions);
    const Request all = {"ZRANGE", "places", "0", "-1", "WITHSCORES"};
    run({{.request = all, .has_scores = true}});
    places_.clear();
    const Reply places = larder_.call(all);
    for (size_t i = 0; i + 1 < places.children.size(); i += 2) {
      places_[places.children[i].text] = places.children[i + 1].text;
    }
  }

  // How many answers so far had something in them.
  int found() const { return found_; }

  void run(const std::vector<Question>& questions) {
    // Both work while the other does, and nobody waits for a reader.
    constexpr size_t kAtOnce = 50;
    for (size_t first = 0; first < questions.size(); first += kAtOnce) {
      const size_t end = std::min(questions.size(), first + kAtOnce);
      for (size_t i = first; i < end; i++) larder_.send(questions[i].request);
      for (size_t i = first; i < end; i++) redis_.send(questions[i].request);
      for (size_t i = first; i < end; i++) {
        compare(questions[i], larder_.receive(), redis_.receive());
      }
    }
  }

 private:
  void compare(const Question& question, Reply ours, Reply theirs) {
    for (Reply* reply : {&ours, &theirs}) {
      if (question.is_free_choice) name_by_place(*reply);
      if (question.has_scores) write_scores_alike(*reply);
    }
    if (ours == theirs) {
      if (!ours.children.empty()) found_++;
      return;
    }
    INFO("request: " << text_of(question.request));
    INFO("larder:\n" << to_text(ours));
    INFO("redis:\n" << to_text(theirs));
    FAIL("another answer than redis-server's");
  }
  void name_by_place(Reply& reply) const {
    for (Reply& child : reply.children) name_by_place(child);
    const auto place = places_.find(reply.text);
    if (place != places_.end()) reply.text = place->second;
  }

  ReferenceServer program_;
  TestServer server_;
  TestServer reference_{TestServer::Options{.program = program_.path()}};
  TestClient larder_;
  TestClient redis_;
  std::map<std::string, std::string> places_;  // members and their scores
  int found_ = 0;
};

TEST_CASE("places are found, put in order and rounded as redis-server does") {
  constexpr int kQuestions = 400;
  constexpr uint64_t kSeed = 20'261'128;
  Comparison comparison;
  for (const Scene& scene : kScenes) {
    INFO("scene: " << scene.name << ", seed: " << kSeed);
    Cartographer cartographer(scene, kSeed);
    comparison.add(cartographer.additions());
    std::vector<Question> questions;
    for (int i = 0; i < kQuestions; i++) ask(cartographer.question(), questions);
    const int found = comparison.found();
    comparison.run(questions);
    // Or nothing would be compared.
    CHECK(comparison.found() - found > kQuestions / 2);
  }
}

}  // namespace
}  // namespace larder
