#include "server/dispatch/look_ahead.h"

#include <algorithm>

#include "server/dispatch/session.h"

namespace larder {

void LookAhead::add_several(const Command& command, std::span<const std::string_view> arguments,
                            std::span<uint64_t> hashes, size_t database) {
  const Database& in = keyspace_.database(database);
  const size_t room = std::min(kMaxKeysOfRequest, kMaxKeys - key_count_);
  if (command.keys() == Command::Keys::range) {
    const KeyRange& range = command.key_range();
    const auto count = static_cast<int>(arguments.size());
    const int last = range.last < 0 ? count + range.last : std::min(range.last, count - 1);
    size_t added = 0;
    for (int at = range.first; at <= last && added < room; at += range.step, added++) {
      const auto index = static_cast<size_t>(at);
      hashes[index] = add_key(arguments[index], in);
    }
    return;
  }
  if (!command.arity_fits(arguments.size())) return;
  if (!find_command_keys(command, arguments, positions_)) return;
  if (positions_.size() > room) positions_.resize(room);
  for (const KeyPosition& position : positions_) {
    hashes[position.index] = add_key(arguments[position.index], in);
  }
}

size_t LookAhead::finish(Batch& batch) {
  for (const SoughtKey& key : std::span(keys_).first(key_count_)) {
    key.database->prefetch_entry(key.hash);
  }
  // A single request would wait for each step here instead of there.
  if (has_collections_ && batch.requests().size() > 1) prefetch_collections(batch);
  return key_count_;
}

void LookAhead::prefetch_collections(Batch& batch) {
  elements_.clear();
  for (const BatchedRequest& request : batch.requests()) {
    if (request.command == nullptr || !request.command->works_on_collections()) continue;
    const auto arguments = batch.arguments_of(request);
    const auto hashes = batch.hashes_of(request);
    const Database& database = keyspace_.database(request.session->client.database);
    const bool has_one = request.command->keys() == Command::Keys::one;
    const size_t first = request.command->first_key();
    const size_t end = has_one ? std::min(first + 1, arguments.size()) : arguments.size();
    for (size_t i = first; i < end; i++) {
      if (hashes[i] == 0) continue;
      const Database::Slot* slot = database.find({arguments[i], hashes[i]});
      if (slot == nullptr) continue;
      prefetch_collection(*request.command, arguments, i, slot->get()->value());
    }
  }
  for (const SoughtElement& element : elements_) prefetch_element(element.collection, element.hash);
}

void LookAhead::prefetch_collection(const Command& command,
                                    std::span<const std::string_view> arguments, size_t key_index,
                                    ValueView collection) {
  const bool is_behind_score = command.has(kElementBehindScore);
  if (!is_behind_score && !command.has(kElementBehindKey)) return prefetch_object(collection);
  const size_t element = key_index + (is_behind_score ? 2 : 1);
  if (element >= arguments.size()) return;
  const uint64_t hash = prefetch_element(collection, arguments[element]);
  if (hash != 0) elements_.push_back({collection, hash});
}

void LookAhead::shrink() {
  std::vector<SoughtKey>().swap(keys_);
  std::vector<SoughtElement>().swap(elements_);
  std::vector<KeyPosition>().swap(positions_);
}

}  // namespace larder
