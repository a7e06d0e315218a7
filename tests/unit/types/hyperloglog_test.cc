#include "server/types/hyperloglog.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "server/base/random.h"
#include "server/types/detached_place.h"

namespace larder {
namespace {

std::string text_of(const ValuePlace& place) {
  String::Digits digits;
  return std::string(String(place.view()).bytes(digits));
}

void assign(DetachedPlace& place, std::string_view bytes) {
  String(place).assign(bytes);
}

bool is_one(std::string_view bytes) {
  DetachedPlace place(Type::string);
  assign(place, bytes);
  return HyperLogLog(place.view()).check().is_ok();
}

std::string header(char form) {
  return std::string("HYLL") + form + std::string(11, '\0');
}

void raise_model(HllRegisters& model, std::string_view element) {
  const HllObservation observation = observe(element);
  model[observation.index] = std::max(model[observation.index], observation.rank);
}

}  // namespace

TEST_CASE("only what begins like one is a HyperLogLog") {
  CHECK(is_one(header(1)));
  CHECK(is_one(header(1) + "anything"));
  CHECK(is_one(header(0) + std::string(12288, 'x')));
  CHECK_FALSE(is_one(header(0) + std::string(12287, 'x')));
  CHECK_FALSE(is_one(header(0) + std::string(12289, 'x')));
  CHECK_FALSE(is_one(header(0)));
  CHECK_FALSE(is_one(header(2)));
  CHECK_FALSE(is_one(header(1).substr(0, 15)));
  CHECK_FALSE(is_one("hyll" + header(1).substr(4)));
  CHECK_FALSE(is_one(""));
  CHECK_FALSE(is_one("1234567890123456789"));
}

TEST_CASE("a new one is empty, sparse, and remembers that it counts 0") {
  DetachedPlace place(Type::string);
  HyperLogLog log(place);
  log.create();
  CHECK(text_of(place) == header(1) + "\x7f\xff");
  CHECK(log.check().is_ok());
  CHECK_FALSE(log.is_dense());
  CHECK(log.remembered_count() == 0);
  CHECK(log.count().value() == 0);
  log.forget_count();
  CHECK_FALSE(log.remembered_count());
  log.remember_count(INT64_MAX);
  CHECK(log.remembered_count() == INT64_MAX);
}

TEST_CASE("adding agrees with an array of registers, across the change of form") {
  Random random(61);
  for (const size_t sparse_max : {size_t{0}, size_t{100}, size_t{3000}, size_t{20'000}}) {
    DetachedPlace place(Type::string);
    place.limits().hll_sparse_max_bytes = sparse_max;
    HyperLogLog log(place);
    log.create();
    HllRegisters model{};
    for (int round = 0; round < 12'000; round++) {
      const std::string element = std::to_string(random.below(30'000));
      HllRegisters next = model;
      raise_model(next, element);
      const bool has_risen = log.add(element).value();
      REQUIRE(has_risen == (next != model));
      model = next;
      if (!log.is_dense()) REQUIRE(text_of(place).size() <= std::max(sparse_max, size_t{18}));
      if (round % 500 != 0) continue;
      HllRegisters registers{};
      REQUIRE(log.merge_into(registers).is_ok());
      REQUIRE(registers == model);
    }
    CHECK(log.is_dense() == (sparse_max < 20'000));
    CHECK(log.count().value() == Approx(9900).epsilon(0.05));
    CHECK(log.check().is_ok());
  }
}

TEST_CASE("both forms count alike, and the header stays") {
  DetachedPlace place(Type::string);
  HyperLogLog log(place);
  log.create();
  for (int i = 0; i < 500; i++) CHECK(log.add(std::to_string(i)).is_ok());
  log.remember_count(77);
  const int64_t count = log.count().value();
  HllRegisters before{};
  CHECK(log.merge_into(before).is_ok());
  CHECK(log.make_dense().is_ok());
  CHECK(log.is_dense());
  CHECK(log.count().value() == count);
  CHECK(log.remembered_count() == 77);
  HllRegisters after{};
  CHECK(log.merge_into(after).is_ok());
  CHECK(after == before);
  CHECK(log.make_dense().is_ok());
}

TEST_CASE("a register above 32 makes it dense") {
  HllRegisters registers{};
  registers[5] = 32;
  DetachedPlace place(Type::string);
  HyperLogLog log(place);
  log.create();
  CHECK(log.raise_all(registers).is_ok());
  CHECK_FALSE(log.is_dense());
  registers[5] = 33;
  registers[16383] = 51;
  CHECK(log.raise_all(registers).is_ok());
  CHECK(log.is_dense());
  HllRegisters read{};
  CHECK(log.merge_into(read).is_ok());
  CHECK(read == registers);
}

TEST_CASE("raising all registers gives what adding the elements gives") {
  for (const int elements : {10, 600, 20'000}) {
    DetachedPlace first_place(Type::string);
    DetachedPlace second_place(Type::string);
    HyperLogLog first(first_place);
    HyperLogLog second(second_place);
    first.create();
    second.create();
    HllRegisters model{};
    for (int i = 0; i < elements; i++) {
      const std::string element = std::to_string(i);
      CHECK((i % 2 == 0 ? first : second).add(element).is_ok());
      raise_model(model, element);
    }
    HllRegisters registers{};
    CHECK(first.merge_into(registers).is_ok());
    CHECK(second.raise_all(registers).is_ok());
    HllRegisters merged{};
    CHECK(second.merge_into(merged).is_ok());
    CHECK(merged == model);
  }
}

TEST_CASE("damage is an error wherever it is found") {
  // Too few registers, too many, an opcode cut short, none at all.
  for (const std::string_view opcodes : {"\x7f\xfe", "\x7f\xff\x7f\xff", "\x90\x7f", ""}) {
    DetachedPlace place(Type::string);
    assign(place, header(1) + std::string(opcodes));
    HyperLogLog log(place);
    REQUIRE(log.check().is_ok());
    const std::string text = "INVALIDOBJ Corrupted HLL object detected";
    CHECK(log.count().text() == text);
    HllRegisters registers{};
    CHECK(log.merge_into(registers).text() == text);
    CHECK(log.make_dense().text() == text);
    registers[0] = 51;
    CHECK(log.raise_all(registers).text() == text);
    CHECK(text_of(place) == header(1) + std::string(opcodes));
  }
}

TEST_CASE("a large value that looks sparse is changed where it lies") {
  // 16384 registers in two bytes, and 40,000 bytes of nonsense.
  DetachedPlace place(Type::string);
  assign(place, header(1) + "\x7f\xff" + std::string(40'000, '\xff'));
  HyperLogLog log(place);
  // Too long to stay sparse, too damaged to become dense.
  CHECK_FALSE(log.add("a").is_ok());
  place.limits().hll_sparse_max_bytes = 100'000;
  CHECK(log.add("a").value());
  CHECK_FALSE(log.add("a").value());
  CHECK(text_of(place).size() == 16 + 5 + 40'000);
  CHECK_FALSE(log.count().is_ok());
}

TEST_CASE("the self-test passes") {
  CHECK_FALSE(test_hyperloglog(71, 3000));
}

}  // namespace larder
