#include "server/structures/hyperloglog_sparse.h"

#include <cstring>

namespace larder {
namespace {

constexpr size_t kMaxShortZeros = 64;
constexpr size_t kMaxValues = 4;

// Collects the runs that replace one.
class RunWriter {
 public:
  explicit RunWriter(HllSplice& splice) : splice_(splice) {}

  void add(uint8_t value, size_t registers) {
    if (registers == 0) return;
    const size_t last = registers - 1;
    if (value != 0) {
      put(0x80u | (value - 1u) << 2 | last);
    } else if (registers <= kMaxShortZeros) {
      put(last);
    } else {
      put(0x40u | last >> 8);
      put(last & 0xff);
    }
  }

 private:
  void put(size_t byte) { splice_.bytes[splice_.new_size++] = static_cast<uint8_t>(byte); }
  HllSplice& splice_;
};

// Finds the run that holds a register. `splice` says where it is, or that there is none; `first`
// becomes the first register of the run.
HllRun locate(std::string_view opcodes, size_t index, HllSplice& splice, size_t& first) {
  size_t at = 0;
  while (true) {
    const HllRun run = first_run(opcodes.substr(at));
    if (run.bytes == 0 || first + run.registers > kHllRegisters) {
      splice.kind = HllSplice::Kind::corrupted;
      return run;
    }
    if (index < first + run.registers) {
      splice.at = at;
      return run;
    }
    splice.previous = at;
    at += run.bytes;
    first += run.registers;
  }
}

}  // namespace

HllSplice plan_splice(std::string_view opcodes, HllObservation observation) {
  HllSplice splice{};
  size_t first = 0;
  const HllRun run = locate(opcodes, observation.index, splice, first);
  if (splice.kind == HllSplice::Kind::corrupted || run.value >= observation.rank) return splice;
  splice.kind = HllSplice::Kind::replace;
  splice.old_size = run.bytes;
  RunWriter writer(splice);
  const size_t before = observation.index - first;
  writer.add(run.value, before);
  writer.add(observation.rank, 1);
  writer.add(run.value, run.registers - before - 1);
  return splice;
}

size_t join_runs(std::span<char> opcodes, size_t from) {
  size_t size = opcodes.size();
  const auto run_at = [&](size_t at) { return first_run({opcodes.data() + at, size - at}); };
  // Five steps, counted as Redis counts them: a joined run is looked at again, and that is a step.
  for (int step = 0; step < 5 && from < size; step++) {
    const HllRun run = run_at(from);
    if (run.bytes == 0) break;
    const HllRun next = run.value == 0 ? HllRun{} : run_at(from + 1);
    const size_t registers = run.registers + next.registers;
    if (run.value == 0 || next.value != run.value || registers > kMaxValues) {
      from += run.bytes;
      continue;
    }
    opcodes[from + 1] = static_cast<char>(0x80u | (run.value - 1u) << 2 | (registers - 1));
    std::memmove(opcodes.data() + from, opcodes.data() + from + 1, size - from - 1);
    size--;
  }
  return size;
}

}  // namespace larder
