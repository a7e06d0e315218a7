#include "server/background/background_work.h"

#include <atomic>
#include <catch2/catch.hpp>

#include "server/background/worker.h"
#include "tests/support/eventually.h"

namespace larder {
namespace {

class CountingTask final : public BackgroundTask {
 public:
  void run(Deadline) override {
    runs++;
    plan(then_us);
  }
  void wake(int64_t at_us) { plan(at_us); }
  int runs = 0;
  int64_t then_us = kNever;
};

TEST_CASE("background work: a task at rest is not run") {
  BackgroundWork work;
  CHECK(work.next_us() == BackgroundTask::kNever);
  CountingTask task;
  work.add(task);
  work.run();
  CHECK(task.runs == 0);
  CHECK(work.next_us() == BackgroundTask::kNever);
}

TEST_CASE("background work: a task runs when it is due, one slice at a time") {
  BackgroundWork work;
  CountingTask due;
  CountingTask later;
  work.add(due);
  work.add(later);
  due.wake(0);
  later.wake(monotonic_us() + 60'000'000);
  CHECK(work.next_us() == 0);
  work.run();
  CHECK(due.runs == 1);
  CHECK(later.runs == 0);
  CHECK(work.next_us() == later.next_us());
  due.then_us = 0;
  due.wake(0);
  work.run();
  work.run();
  CHECK(due.runs == 3);
}

TEST_CASE("worker: runs what is posted, and finishes what it has begun before it goes") {
  std::atomic<int> runs{0};
  {
    Worker worker;
    CHECK(worker.pending() == 0);
    for (int i = 0; i < 10; i++) worker.post([&] { runs++; });
    CHECK(eventually([&] { return worker.pending() == 0; }));
    CHECK(runs == 10);
    worker.post([&] { runs++; });
  }
  CHECK(runs >= 10);
}

}  // namespace
}  // namespace larder
