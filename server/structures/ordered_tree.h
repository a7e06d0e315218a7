// An ordered sequence of pointers to elements that knows the rank of each: the order of a sorted
// set.
//
// What it is built for: an element's rank, the element of a rank, and where a range begins and
// ends, all in O(log n); ranges of neighbours read at the speed of memory; about 10 bytes an
// element. Any range is two ranks, so that counting one or skipping into one costs no more than
// finding its ends.
//
// It is a B+tree whose inner nodes count what is below them (Bayer and McCreight, 1972; Knuth, The
// Art of Computer Programming 3, 6.2.4). A full leaf first shares with its neighbours; only three
// full ones become four, and those at the very end (or beginning) of everything hand on little to a
// new one, which what comes next will fill. So leaves are 85 % full after insertions at random, and
// 98 % after those in order.
//
//   leaf, 512 bytes: jemalloc's class exactly
//   0       2          8
//   +-------+----------+-----------+---- ... ---+------------+
//   | count | capacity | element 0 |            | element 62 |
//   +-------+----------+-----------+---- ... ---+------------+
//
//   inner node, 2,024 bytes (class 2,048)
//   0       2          8
//   +-------+----------+-------------+-------------+---------------+-------------+
//   | count | capacity | 63 x score  | 63 x first  | 63 x child    | 63 x count  |
//   +-------+----------+-------------+-------------+---------------+-------------+
//
//   score, first: of the first element below a child, so that a descent looks at elements only
//   where scores are equal; count: of the elements below it. The root is smaller while it is not
//   full: it has room for 7, 15, 31 or 63.
//
// Elements are ordered by a score, which is no NaN, and among equal scores by the Traits:
//   struct Traits {
//     static double score(const Element&);
//     static bool precedes(const Element&, const Element&);  // of two that have the same score
//   };
// No two elements are equal. The tree reads elements and never owns them.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

#include "server/base/allocator.h"
#include "server/base/assert.h"
#include "server/base/clock.h"
#include "server/base/prefetch.h"

namespace larder {

template <class Element, class Traits>
class OrderedTree {
 public:
  OrderedTree() = default;
  OrderedTree(const OrderedTree&) = delete;
  OrderedTree& operator=(const OrderedTree&) = delete;
  // Frees the tree, not the elements.
  ~OrderedTree() { drain(Deadline::never()); }

  size_t size() const { return size_; }
  // Bytes that were asked of the allocator; they fill its size classes.
  size_t memory() const { return memory_; }

  // Puts in an element that is not there yet.
  void insert(Element* element) {
    if (root_ == nullptr) root_ = make_node(kCapacities[0], 0);
    Path path;
    locate(path, not_behind(*element));
    insert_at(path, element);
  }
  // The same for an element that belongs behind all others; compares nothing.
  void push_back(Element* element) {
    if (root_ == nullptr) root_ = make_node(kCapacities[0], 0);
    Path path;
    locate_gap(path, size_);
    insert_at(path, element);
  }

  // Takes out an element that is there, by its score and its Traits, which are those it came in
  // with.
  void erase(const Element& element) {
    Path path;
    locate_element(path, element);
    erase_at(path, 1);
  }
  // Takes out `count` elements from a rank on; `dispose(Element*)` gets each.
  template <class Dispose>
  void erase_range(size_t first, size_t count, Dispose&& dispose) {
    LARDER_ASSERT(first <= size_ && count <= size_ - first);
    while (count > 0) {
      Path path;
      locate_rank(path, first);
      const Step& step = path[height_];
      const size_t here = std::min(count, step.node->count - step.index);
      std::array<Element*, kMaxItems> removed;
      std::copy_n(elements(step.node) + step.index, here, removed.data());
      erase_at(path, here);
      for (size_t i = 0; i < here; i++) dispose(removed[i]);
      count -= here;
    }
  }

  // Gives an element that is there another place: `change(Element&)` sets its score. Cheap where it
  // stays between the same neighbours.
  template <class Change>
  void move(Element& element, Change&& change) {
    Path path;
    locate_element(path, element);
    const Step& step = path[height_];
    change(element);
    // The first of a leaf is known to the inner nodes, by its score too.
    if (step.index > 0 && step.index + 1u < step.node->count) {
      Element* const* place = elements(step.node) + step.index;
      if (is_before(*place[-1], element) && is_before(element, *place[1])) return;
    }
    erase_at(path, 1);
    insert(&element);
  }

  // Puts an element in the place of one that is there and equal to it: its new address. The old one must
  // still be readable.
  void replace(const Element& old, Element* fresh) {
    Path path;
    locate_element(path, old);
    const Step& step = path[height_];
    elements(step.node)[step.index] = fresh;
    if (step.index == 0) set_firsts(path);
  }

  // How many elements are in front of this one, which is there.
  size_t rank(const Element& element) const { return count_before(not_behind(element)) - 1; }

  // How many elements a range leaves out at its beginning: those for which `before(double score,
  // const Element&)` holds. It must hold for none behind one for which it does not.
  template <class Before>
  size_t count_before(Before&& before) const {
    if (root_ == nullptr) return 0;
    const Node* node = root_;
    size_t rank = 0;
    for (size_t level = 0; level < height_; level++) {
      const size_t child = child_for(node, before);
      rank += count_of_first(node, child);
      node = children(node)[child];
    }
    return rank + place_in(node, before);
  }

  // The element of a rank below size().
  Element* at(size_t rank) const {
    Path path;
    locate_rank(path, rank);
    return elements(path[height_].node)[path[height_].index];
  }

  // Visits `count` elements from the one of rank `first` on, upwards or downwards; all of them are
  // there. `visit(const Element&)` returns whether to go on.
  template <class Visit>
  void visit(size_t first, size_t count, Visit&& visit) const {
    walk<true>(first, count, visit);
  }
  template <class Visit>
  void visit_backwards(size_t first, size_t count, Visit&& visit) const {
    walk<false>(first, count, visit);
  }

  // Frees nodes from the end on until the deadline passes; returns whether none is left. Elements
  // are not looked at, and may be gone already. Between calls the tree must not be used for
  // anything else.
  bool drain(Deadline deadline) {
    while (root_ != nullptr) {
      drop_last_leaf();
      if (deadline.has_passed()) break;
    }
    return root_ == nullptr;
  }

 private:
  static constexpr size_t kMaxItems = 63;  // of a node: elements or children
  static constexpr std::array<size_t, 4> kCapacities = {7, 15, 31, kMaxItems};
  // Nodes of a window that share, split or merge.
  static constexpr size_t kWindow = 3;
  // A node with fewer items looks for neighbours to merge with, and how full those become at most.
  static constexpr size_t kSparseItems = 42;
  static constexpr size_t kMergedItems = 56;
  // What stays in the nodes before the last when that one splits.
  static constexpr size_t kAlmostFull = 59;
  // Three neighbours have more than 2 x 56 items together, so that nodes have 37 children in the
  // mean and 12 levels are more than any machine has the memory for.
  static constexpr size_t kMaxHeight = 12;

  struct alignas(8) Node {
    uint16_t count;
    uint16_t capacity;
  };
  static_assert(sizeof(Node) == 8);

  // A child as its parent sees it.
  struct Branch {
    double score;
    Element* first;
    Node* child;
    uint64_t count;
  };
  static_assert(sizeof(Branch) == 32);

  // A way down: which child of an inner node, which element of the leaf at its end.
  struct Step {
    Node* node;
    size_t index;
  };
  using Path = std::array<Step, kMaxHeight + 1>;

  // --- The parts of a node ---

  template <class Part>
  static Part* part(const Node* node, size_t index) {
    static_assert(sizeof(Part) == 8);
    char* items = reinterpret_cast<char*>(const_cast<Node*>(node + 1));
    return reinterpret_cast<Part*>(items + index * node->capacity * sizeof(Part));
  }
  static Element** elements(const Node* leaf) { return part<Element*>(leaf, 0); }
  static double* scores(const Node* inner) { return part<double>(inner, 0); }
  static Element** firsts(const Node* inner) { return part<Element*>(inner, 1); }
  static Node** children(const Node* inner) { return part<Node*>(inner, 2); }
  static uint64_t* counts(const Node* inner) { return part<uint64_t>(inner, 3); }

  static Branch branch(const Node* inner, size_t index) {
    return {scores(inner)[index], firsts(inner)[index], children(inner)[index],
            counts(inner)[index]};
  }
  static void set_branch(Node* inner, size_t index, const Branch& branch) {
    scores(inner)[index] = branch.score;
    firsts(inner)[index] = branch.first;
    children(inner)[index] = branch.child;
    counts(inner)[index] = branch.count;
  }
  static void set_count(Node* node, size_t count) { node->count = static_cast<uint16_t>(count); }

  size_t node_bytes(size_t capacity, size_t level) const {
    return sizeof(Node) + capacity * (level == height_ ? sizeof(Element*) : sizeof(Branch));
  }
  Node* make_node(size_t capacity, size_t level) {
    const size_t bytes = node_bytes(capacity, level);
    memory_ += bytes;
    auto* node = static_cast<Node*>(allocate(bytes));
    *node = {0, static_cast<uint16_t>(capacity)};
    return node;
  }
  void free_node(Node* node, size_t level) {
    const size_t bytes = node_bytes(node->capacity, level);
    memory_ -= bytes;
    deallocate(node, bytes);
  }

  // --- Finding ---

  static bool is_before(const Element& left, const Element& right) {
    const double left_score = Traits::score(left), right_score = Traits::score(right);
    return left_score != right_score ? left_score < right_score : Traits::precedes(left, right);
  }
  // Holds for an element and all in front of it: the way to the leaf that has the element, or to
  // where it belongs.
  static auto not_behind(const Element& element) {
    return [&element, score = Traits::score(element)](double other_score, const Element& other) {
      return other_score != score ? other_score < score : !Traits::precedes(element, other);
    };
  }

  // The first of [low, high) for which the test does not hold, or high.
  template <class Test>
  static size_t partition_point(size_t low, size_t high, Test&& holds) {
    while (low < high) {
      const size_t middle = (low + high) / 2;
      if (holds(middle)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  // The last child that begins in front of a place.
  template <class Before>
  static size_t child_for(const Node* inner, Before&& before) {
    const auto begins_before = [&](size_t i) {
      return before(scores(inner)[i], *firsts(inner)[i]);
    };
    return partition_point(1, inner->count, begins_before) - 1;
  }

  // The elements are anywhere in memory, and a binary search waits for one after the other. Asking
  // for seven at once, and then for the seven between two of them, waits twice and not six times.
  template <class Before>
  static size_t place_in(const Node* leaf, Before&& before) {
    Element* const* all = elements(leaf);
    const auto is_in_front = [&](size_t i) { return before(Traits::score(*all[i]), *all[i]); };
    const size_t step = leaf->count / 8 + 1;
    const size_t blocks = leaf->count / step;
    for (size_t i = step; i <= leaf->count; i += step) prefetch_line(all[i - 1]);
    const size_t block =
        partition_point(0, blocks, [&](size_t i) { return is_in_front((i + 1) * step - 1); });
    const size_t low = block * step;
    const size_t high = block < blocks ? low + step - 1 : leaf->count;
    for (size_t i = low; i < high; i++) prefetch_line(all[i]);
    return partition_point(low, high, is_in_front);
  }

  static size_t count_of_first(const Node* inner, size_t children) {
    size_t sum = 0;
    for (size_t i = 0; i < children; i++) sum += counts(inner)[i];
    return sum;
  }

  // The way to the place behind the elements for which `before` holds, in the leaf that has the
  // last one of them.
  template <class Before>
  void locate(Path& path, Before&& before) const {
    Node* node = root_;
    for (size_t level = 0; level < height_; level++) {
      path[level] = {node, child_for(node, before)};
      node = children(node)[path[level].index];
    }
    path[height_] = {node, place_in(node, before)};
  }
  void locate_element(Path& path, const Element& element) const {
    locate(path, not_behind(element));
    Step& step = path[height_];
    LARDER_ASSERT(step.index > 0 && elements(step.node)[step.index - 1] == &element);
    step.index--;
  }
  void locate_rank(Path& path, size_t rank) const {
    LARDER_ASSERT(rank < size_);
    locate_gap(path, rank + 1);
    path[height_].index--;
  }
  // The way to the place behind the first `rank` elements, in the leaf that has the last of these.
  void locate_gap(Path& path, size_t rank) const {
    Node* node = root_;
    for (size_t level = 0; level < height_; level++) {
      size_t child = 0;
      while (rank > counts(node)[child]) rank -= counts(node)[child++];
      path[level] = {node, child};
      node = children(node)[child];
    }
    path[height_] = {node, rank};
  }
  size_t rank_of(const Path& path) const {
    size_t rank = path[height_].index;
    for (size_t level = 0; level < height_; level++) {
      rank += count_of_first(path[level].node, path[level].index);
    }
    return rank;
  }

  // --- Walking ---

  template <bool kUpwards, class Visit>
  void walk(size_t first, size_t count, Visit&& visit) const {
    if (count == 0) return;
    Path path;
    locate_rank(path, first);
    for (;;) {
      const Step& step = path[height_];
      Element* const* all = elements(step.node);
      const size_t here = kUpwards ? step.node->count - step.index : step.index + 1;
      const size_t visited = std::min(here, count);
      const auto element = [&](size_t i) {
        return all[kUpwards ? step.index + i : step.index - i];
      };
      for (size_t i = 0; i < std::min(visited, kAhead); i++) prefetch_line(element(i));
      for (size_t i = 0; i < visited; i++) {
        if (i + kAhead < visited) prefetch_line(element(i + kAhead));
        if (!visit(*static_cast<const Element*>(element(i)))) return;
      }
      count -= visited;
      if (count == 0) return;
      to_next_leaf<kUpwards>(path);
    }
  }
  static constexpr size_t kAhead = 8;

  template <bool kUpwards>
  void to_next_leaf(Path& path) const {
    size_t level = height_;
    do {
      LARDER_ASSERT(level > 0);
      level--;
    } while (path[level].index == (kUpwards ? path[level].node->count - 1u : 0u));
    path[level].index += kUpwards ? size_t{1} : ~size_t{0};
    while (level < height_) {
      Node* child = children(path[level].node)[path[level].index];
      level++;
      path[level] = {child, kUpwards ? 0u : child->count - 1u};
    }
  }

  // --- Inserting ---

  void insert_at(Path& path, Element* element) {
    while (path[height_].node->count == path[height_].node->capacity) {
      const size_t rank = rank_of(path);
      make_room(path, height_);
      locate_gap(path, rank);
    }
    const Step& step = path[height_];
    Element** place = elements(step.node) + step.index;
    std::memmove(place + 1, place, (step.node->count - step.index) * sizeof(*place));
    *place = element;
    step.node->count++;
    size_++;
    for (size_t level = 0; level < height_; level++) {
      counts(path[level].node)[path[level].index]++;
    }
    if (step.index == 0) set_firsts(path);
  }

  // One step towards room in a full node: the way there has to be looked up again.
  void make_room(Path& path, size_t level) {
    Node* node = path[level].node;
    if (node->capacity < kMaxItems) return enlarge_root();
    if (level == 0) return add_level();
    Node* parent = path[level - 1].node;
    const Window window = window_around(path[level - 1]);
    if (items_in(parent, window) + window.size <= window.size * kMaxItems) {
      return redistribute(parent, level, window, window.size);
    }
    if (parent->count == parent->capacity) return make_room(path, level - 1);
    const Window alone = {path[level - 1].index, 1};
    if (is_at_beginning(path)) {
      redistribute(parent, level, alone, 2, 1);
    } else if (is_in_last_leaf(path)) {
      const bool is_at_end = path[height_].index == path[height_].node->count;
      if (is_at_end) return redistribute(parent, level, alone, 2, kMaxItems - 1);
      redistribute(parent, level, window, window.size + 1, kAlmostFull);
    } else {
      redistribute(parent, level, window, window.size + 1);
    }
  }
  bool is_in_last_leaf(const Path& path) const {
    return std::all_of(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(height_),
                       [](const Step& step) { return step.index + 1u == step.node->count; });
  }
  bool is_at_beginning(const Path& path) const {
    return std::all_of(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(height_ + 1),
                       [](const Step& step) { return step.index == 0; });
  }

  void enlarge_root() {
    const Node* old = root_;
    const size_t capacity =
        *std::upper_bound(kCapacities.begin(), kCapacities.end(), old->capacity);
    Node* larger = make_node(capacity, 0);
    set_count(larger, old->count);
    for (size_t i = 0; i < old->count; i++) {
      if (height_ == 0) {
        elements(larger)[i] = elements(old)[i];
      } else {
        set_branch(larger, i, branch(old, i));
      }
    }
    free_node(root_, 0);
    root_ = larger;
  }
  void add_level() {
    LARDER_ASSERT(height_ < kMaxHeight);
    const Branch whole = {first_score(root_, 0), first_element(root_, 0), root_, size_};
    height_++;
    root_ = make_node(kCapacities[0], 0);
    set_count(root_, 1);
    set_branch(root_, 0, whole);
  }
  Element* first_element(const Node* node, size_t level) const {
    return level == height_ ? elements(node)[0] : firsts(node)[0];
  }
  double first_score(const Node* node, size_t level) const {
    return level == height_ ? Traits::score(*elements(node)[0]) : scores(node)[0];
  }
  // Tells the inner nodes of a path, upwards, what is first below them now.
  void set_firsts(const Path& path) {
    Element* first = elements(path[height_].node)[0];
    const double score = Traits::score(*first);
    for (size_t level = height_; level-- > 0;) {
      firsts(path[level].node)[path[level].index] = first;
      scores(path[level].node)[path[level].index] = score;
      if (path[level].index > 0) return;
    }
  }

  // --- Evening out ---

  // Neighbouring children of one node.
  struct Window {
    size_t first;
    size_t size;
  };
  static Window window_around(const Step& parent) {
    const size_t size = std::min(kWindow, size_t{parent.node->count});
    const size_t first = parent.index == 0 ? 0 : parent.index - 1;
    return {std::min(first, parent.node->count - size), size};
  }
  static size_t items_in(const Node* parent, Window window) {
    size_t items = 0;
    for (size_t i = 0; i < window.size; i++) items += children(parent)[window.first + i]->count;
    return items;
  }

  // Spreads what the children of a window have over `nodes` of them, evenly or with a given share
  // in each but the last. `level`: theirs. The parent has room; what is above it does not change.
  void redistribute(Node* parent, size_t level, Window window, size_t nodes, size_t share = 0) {
    std::array<Node*, kWindow + 1> made{};
    for (size_t i = 0; i < window.size; i++) made[i] = children(parent)[window.first + i];
    if (level == height_) {
      std::array<Element*, kWindow * kMaxItems> items;
      const size_t count = gather(made, window.size, items,
                                  [](const Node* leaf, size_t i) { return elements(leaf)[i]; });
      resize_window(made, level, window.size, nodes);
      scatter(made, nodes, count, share,
              [&](Node* leaf, size_t i, size_t item) { elements(leaf)[i] = items[item]; });
    } else {
      std::array<Branch, kWindow * kMaxItems> items;
      const size_t count = gather(made, window.size, items, branch);
      resize_window(made, level, window.size, nodes);
      scatter(made, nodes, count, share,
              [&](Node* inner, size_t i, size_t item) { set_branch(inner, i, items[item]); });
    }
    resize_branches(parent, window, nodes);
    for (size_t i = 0; i < nodes; i++) {
      set_branch(parent, window.first + i, branch_for(made[i], level));
    }
  }
  template <class Items, class Get>
  static size_t gather(const std::array<Node*, kWindow + 1>& nodes, size_t size, Items& items,
                       Get&& get) {
    size_t count = 0;
    for (size_t n = 0; n < size; n++) {
      for (size_t i = 0; i < nodes[n]->count; i++) items[count++] = get(nodes[n], i);
    }
    return count;
  }
  template <class Put>
  static void scatter(const std::array<Node*, kWindow + 1>& nodes, size_t size, size_t count,
                      size_t share, Put&& put) {
    size_t item = 0;
    for (size_t n = 0; n < size; n++) {
      const size_t even = (count - item) / (size - n);
      const size_t here = share != 0 && n + 1 < size ? share : even;
      LARDER_ASSERT(here > 0 && here <= nodes[n]->capacity);
      for (size_t i = 0; i < here; i++) put(nodes[n], i, item++);
      set_count(nodes[n], here);
    }
  }
  void resize_window(std::array<Node*, kWindow + 1>& nodes, size_t level, size_t old_size,
                     size_t size) {
    for (size_t i = old_size; i < size; i++) nodes[i] = make_node(kMaxItems, level);
    for (size_t i = size; i < old_size; i++) free_node(nodes[i], level);
  }
  // Moves the branches behind a window to make it wider or narrower.
  static void resize_branches(Node* parent, Window window, size_t size) {
    const size_t from = window.first + window.size, to = window.first + size;
    const size_t behind = parent->count - from;
    LARDER_ASSERT(to + behind <= parent->capacity);
    const auto shift = [&](auto* items) {
      std::memmove(items + to, items + from, behind * sizeof(*items));
    };
    shift(scores(parent));
    shift(firsts(parent));
    shift(children(parent));
    shift(counts(parent));
    set_count(parent, to + behind);
  }
  Branch branch_for(Node* node, size_t level) const {
    const size_t below = level == height_ ? node->count : count_of_first(node, node->count);
    return {first_score(node, level), first_element(node, level), node, below};
  }

  // --- Erasing ---

  void erase_at(Path& path, size_t count) {
    const Step& step = path[height_];
    const size_t rank = rank_of(path);
    const bool was_first = step.index == 0;
    Element** place = elements(step.node) + step.index;
    const size_t behind = step.node->count - step.index - count;
    std::memmove(place, place + count, behind * sizeof(*place));
    set_count(step.node, step.node->count - count);
    size_ -= count;
    for (size_t level = 0; level < height_; level++) {
      counts(path[level].node)[path[level].index] -= count;
    }
    merge_upwards(path);
    // What was first below some inner nodes may be gone; another element of its rank took its
    // place.
    if (!was_first || rank >= size_) return;
    locate_rank(path, rank);
    if (path[height_].index == 0) set_firsts(path);
  }

  // Merges the nodes of a path with their neighbours where they are sparse, and takes out empty
  // ones.
  void merge_upwards(Path& path) {
    for (size_t level = height_; level > 0; level--) {
      const Node* node = path[level].node;
      if (node->count >= kSparseItems) break;
      Node* parent = path[level - 1].node;
      const Window window = window_around(path[level - 1]);
      const size_t fit = (window.size - 1) * kMergedItems;
      if (node->count > 0 && (window.size == 1 || items_in(parent, window) > fit)) break;
      if (window.size > 1) {
        redistribute(parent, level, window, window.size - 1);
      } else {
        free_node(path[level].node, level);
        set_count(parent, 0);
      }
    }
    lower_root();
  }
  void lower_root() {
    while (height_ > 0 && root_->count == 1) {
      Node* child = children(root_)[0];
      free_node(root_, 0);
      height_--;
      root_ = child;
    }
    if (root_->count > 0) return;
    free_node(root_, 0);
    root_ = nullptr;
    height_ = 0;
  }

  // --- Taking down ---

  void drop_last_leaf() {
    Path path;
    Node* node = root_;
    for (size_t level = 0; level < height_; level++) {
      path[level] = {node, node->count - 1u};
      node = children(node)[node->count - 1u];
    }
    size_ -= node->count;
    free_node(node, height_);
    for (size_t level = height_; level > 0; level--) {
      Node* parent = path[level - 1].node;
      parent->count--;
      if (parent->count > 0) return;
      free_node(parent, level - 1);
    }
    root_ = nullptr;
    height_ = 0;
  }

  Node* root_ = nullptr;
  size_t height_ = 0;  // inner levels: the root is a leaf at 0
  size_t size_ = 0;
  size_t memory_ = 0;
};

}  // namespace larder
