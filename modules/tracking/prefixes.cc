#include "modules/tracking/prefixes.h"

namespace larder {

void Prefixes::add(std::string_view prefix, uint32_t reader) {
  auto found = prefixes_.find(prefix);
  if (found == prefixes_.end()) {
    found = prefixes_.emplace(std::string(prefix), Prefix{}).first;
    lengths_[prefix.size()]++;
  }
  found->second.readers.push_back(reader);
}

void Prefixes::remove(std::string_view prefix, uint32_t reader) {
  const auto found = prefixes_.find(prefix);
  std::vector<uint32_t>& readers = found->second.readers;
  std::erase(readers, reader);
  if (!readers.empty()) return;
  if (!found->second.changes.empty()) changed_[found->second.place] = nullptr;
  while (has_changes() && changed_.back() == nullptr) changed_.pop_back();
  const auto length = lengths_.find(prefix.size());
  if (--length->second == 0) lengths_.erase(length);
  prefixes_.erase(found);
}

void Prefixes::note_change(std::string_view key, uint64_t changed_by) {
  for (const auto& [length, count] : lengths_) {
    if (length > key.size()) return;
    const auto found = prefixes_.find(key.substr(0, length));
    if (found == prefixes_.end()) continue;
    Prefix& prefix = found->second;
    if (prefix.changes.empty()) {
      prefix.place = changed_.size();
      changed_.push_back(&prefix);
    }
    const auto change = prefix.changes.find(key);
    if (change == prefix.changes.end()) {
      prefix.changes.emplace(std::string(key), changed_by);
    } else {
      change->second = changed_by;
    }
  }
}

}  // namespace larder
