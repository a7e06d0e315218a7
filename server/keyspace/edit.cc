#include "server/keyspace/edit.h"

#include "server/types/hash.h"

namespace larder {

char* EditedEntry::resize(size_t size, uint8_t encoding) {
  changed_shape_ = true;
  if (slot_ == nullptr) {
    Entry* entry = Entry::create({key_.name, type_, encoding, expiry_ms_, size});
    slot_ = database_->insert(key_, entry, keyspace_->now_ms());
    keyspace_->added(*database_, key_);
    return const_cast<char*>(entry->value().data);
  }
  const Entry* entry = database_->reshape(key_, slot_, type_, encoding, expiry_ms_, size,
                                          keyspace_->now_ms());
  return const_cast<char*>(entry->value().data);
}

void EditedEntry::remove_emptied(RemovalCause cause) {
  if (slot_ == nullptr) return;
  keyspace_->removing(cause, *database_, key_.hash, *slot_->get());
  database_->erase(key_, slot_);
  slot_ = nullptr;
  expiry_ms_ = kNoExpiry;  // of a key that the same edit may bring to life again
  keyspace_->key_changed({KeyEventClass::generic, "del", *database_, key_.name});
}

bool EditedEntry::remove_expired_fields(Deadline deadline) {
  Hash hash(*this);
  const bool was_indexed = hash.times().indexed_ms != kNeverEnds;
  const ExpiredFields expired = hash.remove_expired(keyspace_->now_ms(), deadline);
  if (expired.is_complete) {
    database_->reindex_fields(key_.hash, slot_, was_indexed, keyspace_->now_ms());
  }
  changed_shape_ = false;
  if (expired.removed == 0) return expired.is_complete;
  keyspace_->stats.expired_subkeys += expired.removed;
  keyspace_->key_changed({KeyEventClass::hash, "hexpired", *database_, key_.name});
  if (Hash(*this).empty()) remove_emptied(RemovalCause::expired);
  return expired.is_complete;
}

}  // namespace larder
