#include "server/types/set_algebra.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <memory>
#include <set>
#include <string>

#include "server/base/numbers.h"

namespace larder {
namespace {

using Model = std::set<std::string>;

// The place of a set that is in no database.
class LonePlace final : public ValuePlace {
 public:
  ~LonePlace() { Set::drain(LonePlace::view(), Deadline::never()); }
  ValueView view() const override {
    return {Type::set, encoding_, static_cast<uint32_t>(bytes_.size()), bytes_.data()};
  }
  char* resize(size_t size, uint8_t encoding) override {
    bytes_.resize(size);
    encoding_ = encoding;
    return bytes_.data();
  }
  const TypeLimits& limits() const override { return limits_; }

 private:
  TypeLimits limits_;
  std::string bytes_;
  uint8_t encoding_ = kNoValue;
};

class Collector final : public MemberSink {
 public:
  explicit Collector(size_t limit = SIZE_MAX) : limit_(limit) {}
  bool take(std::span<const SetMember> members) override {
    REQUIRE(!members.empty());
    REQUIRE(found_.size() < limit_);
    for (const SetMember& member : members) {
      REQUIRE(found_.insert(member.entry().to_string()).second);
    }
    return found_.size() < limit_;
  }
  const Model& found() const { return found_; }

 private:
  size_t limit_;
  Model found_;
};

struct Inputs {
  std::vector<std::unique_ptr<LonePlace>> places;
  std::vector<Set> sets;
  std::vector<Model> models;

  void add(const Model& members) {
    places.push_back(std::make_unique<LonePlace>());
    Set set(*places.back());
    for (const std::string& member : members) set.add(PackedText(member));
    sets.emplace_back(places.back()->view());
    models.push_back(members);
  }
  void repeat(size_t index) {
    sets.push_back(sets[index]);
    models.push_back(models[index]);
  }
};

Model random_members(Random& random) {
  constexpr size_t kSizes[] = {0, 1, 3, 31, 32, 33, 100, 130, 600, 3000};
  const size_t size = kSizes[random.below(std::size(kSizes))];
  const bool has_texts = random.below(2) == 0;
  const uint64_t range = size * (1 + random.below(4)) + 1;
  Model members;
  for (size_t i = 0; i < size; i++) {
    const auto id = static_cast<int64_t>(random.below(range));
    members.insert(has_texts && id % 3 == 0 ? "member:" + to_text(id) : to_text(id));
  }
  return members;
}

Model intersection(const std::vector<Model>& models) {
  Model result = models.front();
  for (const Model& model : models) {
    std::erase_if(result, [&](const std::string& member) { return model.count(member) == 0; });
  }
  return result;
}
Model union_of(const std::vector<Model>& models) {
  Model result;
  for (const Model& model : models) result.insert(model.begin(), model.end());
  return result;
}
Model difference(const std::vector<Model>& models) {
  Model result = models.front();
  for (size_t i = 1; i < models.size(); i++) {
    for (const std::string& member : models[i]) result.erase(member);
  }
  return result;
}

}  // namespace

TEST_CASE("intersection, union and difference are those of std::set") {
  for (uint64_t seed = 0; seed < 150; seed++) {
    Random random(seed);
    Inputs inputs;
    const size_t count = 1 + random.below(seed % 4 == 0 ? 12 : 4);
    while (inputs.sets.size() < count) {
      if (!inputs.sets.empty() && random.below(8) == 0) {
        inputs.repeat(random.below(inputs.sets.size()));
      } else {
        inputs.add(random_members(random));
      }
    }
    Collector common, any, rest;
    intersect_sets(inputs.sets, common);
    unite_sets(inputs.sets, any);
    subtract_sets(inputs.sets, rest);
    INFO("seed " << seed);
    CHECK(common.found() == intersection(inputs.models));
    CHECK(any.found() == union_of(inputs.models));
    CHECK(rest.found() == difference(inputs.models));
  }
}

TEST_CASE("a sink that has enough gets no more") {
  Inputs inputs;
  Model members, others;
  for (int64_t i = 0; i < 2000; i++) {
    members.insert("member:" + to_text(i));
    others.insert("member:" + to_text(i + 1000));
  }
  inputs.add(members);
  inputs.add(others);
  for (const size_t limit : {1u, 32u, 500u}) {
    Collector common(limit), any(limit), rest(limit);
    intersect_sets(inputs.sets, common);
    unite_sets(inputs.sets, any);
    subtract_sets(inputs.sets, rest);
    for (const Collector* collector : {&common, &any, &rest}) {
      CHECK(collector->found().size() >= limit);
      CHECK(collector->found().size() < limit + 32);
    }
  }
}

TEST_CASE("few members to subtract from a large set, and none") {
  Inputs inputs;
  Model members;
  for (int64_t i = 0; i < 5000; i++) members.insert("member:" + to_text(i));
  inputs.add(members);
  inputs.add({"member:7", "member:4999", "nothing"});
  inputs.add({"12"});
  Collector rest;
  subtract_sets(inputs.sets, rest);
  CHECK(rest.found() == difference(inputs.models));
  Inputs others;
  others.add(members);
  others.add({"nothing"});
  Collector all;
  subtract_sets(others.sets, all);
  CHECK(all.found() == members);
  Collector none;
  intersect_sets({}, none);
  unite_sets({}, none);
  subtract_sets({}, none);
  CHECK(none.found().empty());
}

}  // namespace larder
