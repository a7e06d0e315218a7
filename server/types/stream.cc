#include "server/types/stream.h"

#include <memory>

namespace larder {

StreamLog& Stream::open() {
  const ValueView present = place_->view();
  if (present.encoding != kNoValue) return *load_object<StreamLog>(present);
  auto log = std::make_unique<StreamLog>();
  store_object(*place_, log.get(), kEncoding);
  return *log.release();
}

void Stream::assign(const Stream& other) {
  auto copy = std::make_unique<StreamLog>(other.log());
  store_object(*place_, copy.get(), kEncoding);
  copy.release();
}

bool Stream::is_heavy(ValueView view) {
  return view.encoding != kNoValue && load_object<StreamLog>(view)->is_heavy();
}

bool Stream::drain(ValueView view, Deadline deadline) {
  if (view.encoding == kNoValue) return true;
  StreamLog* log = load_object<StreamLog>(view);
  if (!log->drain(deadline)) return false;
  delete log;
  return true;
}

}  // namespace larder
