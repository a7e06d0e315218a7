// A list in both its forms against a std::deque.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/assert.h"
#include "server/types/detached_place.h"
#include "server/types/list.h"
#include "tests/fuzz/fuzz_bytes.h"

namespace larder {
namespace {

using Model = std::deque<std::string>;

void check_same(const List& list, const Model& model) {
  LARDER_ASSERT(list.size() == model.size());
  size_t at = 0;
  list.visit(0, model.size(), [&](PackedEntry entry) {
    LARDER_ASSERT(entry.to_string() == model[at++]);
    return true;
  });
  LARDER_ASSERT(at == model.size());
  list.visit_backwards(0, model.size(), [&](PackedEntry entry) {
    LARDER_ASSERT(entry.to_string() == model[--at]);
    return true;
  });
  LARDER_ASSERT(at == 0);
}

class Game {
 public:
  explicit Game(FuzzBytes bytes) : bytes_(bytes) {
    limits_.list_max_listpack_size = static_cast<int>(bytes_.below(70)) - 5;
    begin();
  }

  void play() {
    for (int i = 0; i < 300 && !bytes_.empty(); i++) {
      step();
      LARDER_ASSERT(List(*place_).size() == model_.size());
      if (model_.empty()) begin();
    }
    if (model_.empty()) return;
    const List list(*place_);
    check_same(list, model_);
    DetachedPlace other(Type::list, limits_);
    List copy(other);
    copy.assign(list);
    check_same(copy, model_);
  }

 private:
  void begin() {
    place_ = std::make_unique<DetachedPlace>(Type::list, limits_);
    model_.clear();
  }
  End end() { return bytes_.flag() ? End::front : End::back; }
  size_t index() { return (bytes_.byte() * size_t{257}) % model_.size(); }

  void step() {
    const uint8_t choice = bytes_.byte();
    if (choice < 100 || model_.empty()) return push();
    List list(*place_);
    if (choice < 130) return drop(list);
    if (choice < 180) return insert(list);
    if (choice < 220) return replace(list);
    if (choice < 240) return remove_equal(list);
    const size_t at = index();
    LARDER_ASSERT(list.at(at).to_string() == model_[at]);
    LARDER_ASSERT(list.at_end(End::front).to_string() == model_.front());
    LARDER_ASSERT(list.at_end(End::back).to_string() == model_.back());
  }
  void push() {
    const End side = end();
    std::vector<std::string> texts;
    const size_t count = 1 + bytes_.below(4);
    const size_t copies = bytes_.below(8) == 0 ? 50 : 1;
    for (size_t i = 0; i < count; i++) texts.insert(texts.end(), copies, bytes_.text());
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    for (const std::string& text : texts) {
      side == End::front ? model_.push_front(text) : model_.push_back(text);
    }
    LARDER_ASSERT(List(*place_).push(views, side) == model_.size());
  }
  void drop(List& list) {
    const End side = end();
    const size_t count = bytes_.byte() % (model_.size() + 1);
    if (count == 0) return;
    list.drop(count, side);
    const auto size = static_cast<std::ptrdiff_t>(count);
    if (side == End::front) {
      model_.erase(model_.begin(), model_.begin() + size);
    } else {
      model_.erase(model_.end() - size, model_.end());
    }
  }
  void insert(List& list) {
    const size_t at = (bytes_.byte() * size_t{257}) % (model_.size() + 1);
    const std::string text = bytes_.text();
    list.insert(at, text);
    model_.insert(model_.begin() + static_cast<std::ptrdiff_t>(at), text);
  }
  void replace(List& list) {
    const size_t at = index();
    model_[at] = bytes_.text();
    list.replace(at, model_[at]);
  }
  void remove_equal(List& list) {
    const std::string text = bytes_.flag() ? bytes_.text() : model_[index()];
    const size_t limit = 1 + bytes_.below(8);
    const End side = end();
    LARDER_ASSERT(list.remove_equal(text, limit, side) == remove_from_model(text, limit, side));
  }
  size_t remove_from_model(const std::string& text, size_t limit, End side) {
    if (side == End::back) std::reverse(model_.begin(), model_.end());
    size_t removed = 0;
    std::erase_if(model_, [&](const std::string& element) {
      return element == text && removed < limit && ++removed > 0;
    });
    if (side == End::back) std::reverse(model_.begin(), model_.end());
    return removed;
  }

  FuzzBytes bytes_;
  TypeLimits limits_;
  std::unique_ptr<DetachedPlace> place_;
  Model model_;
};

}  // namespace
}  // namespace larder

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  larder::Game(larder::FuzzBytes(data, size)).play();
  return 0;
}
