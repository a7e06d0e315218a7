#include "server/keyspace/edit.h"

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

void EditedEntry::remove_emptied() {
  if (slot_ == nullptr) return;
  database_->erase(key_, slot_);
  slot_ = nullptr;
  keyspace_->changed({KeyEventClass::generic, "del", *database_, key_.name});
}

}  // namespace larder
