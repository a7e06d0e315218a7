// Streams over real connections: readers that wait, and workers that share a stream and crash.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "server/base/random.h"
#include "tests/support/eventually.h"
#include "tests/support/test_server.h"

namespace larder {
namespace {

// Waits until so many clients are blocked.
void wait_for_blocked(TestClient& client, int64_t count) {
  REQUIRE(eventually([&] {
    const std::string info = client("INFO", "clients").text;
    return info.find("\nblocked_clients:" + std::to_string(count) + "\r") != std::string::npos;
  }));
}

// The IDs of entries as XRANGE and its like return them.
std::vector<std::string> ids_of(const Reply& entries) {
  std::vector<std::string> ids;
  for (const Reply& entry : entries.children) ids.push_back(entry.children.at(0).text);
  return ids;
}

// The same of a reply to XREADGROUP from one stream; a nil has none.
std::vector<std::string> read_ids(const Reply& reply) {
  if (reply.children.empty()) return {};
  return ids_of(reply.children.at(0).children.at(1));
}

TEST_CASE("group readers that wait are served in the order in which they came, one entry each") {
  TestServer server;
  auto producer = server.connect();
  producer("XGROUP", "CREATE", "s", "g", "$", "MKSTREAM");
  std::vector<TestClient> readers;
  for (int i = 0; i < 5; i++) {
    readers.push_back(server.connect());
    readers.back().send({"XREADGROUP", "GROUP", "g", "reader" + std::to_string(i), "COUNT", "1",
                         "BLOCK", "0", "STREAMS", "s", ">"});
    wait_for_blocked(producer, i + 1);
  }
  for (int i = 1; i <= 5; i++) producer("XADD", "s", std::to_string(i) + "-0", "n", i);
  for (int i = 0; i < 5; i++) {
    CHECK(read_ids(readers[static_cast<size_t>(i)].receive()) ==
          std::vector<std::string>{std::to_string(i + 1) + "-0"});
  }
  // Five at once, in one pipeline.
  for (int i = 4; i >= 0; i--) {
    readers[static_cast<size_t>(i)].send({"XREADGROUP", "GROUP", "g", "reader" + std::to_string(i),
                                          "COUNT", "1", "BLOCK", "0", "STREAMS", "s", ">"});
    wait_for_blocked(producer, 5 - i);
  }
  std::string requests;
  for (int i = 0; i < 5; i++) requests += "XADD s 10-* n 1\r\n";
  producer.send_raw(requests);
  for (int i = 0; i < 5; i++) CHECK(producer.receive() == "10-" + std::to_string(i));
  for (int i = 0; i < 5; i++) {
    CHECK(read_ids(readers[static_cast<size_t>(i)].receive()) ==
          std::vector<std::string>{"10-" + std::to_string(4 - i)});
  }
}

TEST_CASE("a reader that is gone while it waits takes no entry along") {
  TestServer server;
  auto producer = server.connect();
  producer("XGROUP", "CREATE", "s", "g", "$", "MKSTREAM");
  auto first = server.connect();
  auto second = server.connect();
  first.send({"XREADGROUP", "GROUP", "g", "first", "BLOCK", "0", "STREAMS", "s", ">"});
  wait_for_blocked(producer, 1);
  second.send({"XREADGROUP", "GROUP", "g", "second", "BLOCK", "0", "STREAMS", "s", ">"});
  wait_for_blocked(producer, 2);
  first.close();
  wait_for_blocked(producer, 1);
  producer("XADD", "s", "1-1", "n", "1");
  CHECK(read_ids(second.receive()) == std::vector<std::string>{"1-1"});
  CHECK(producer("XPENDING", "s", "g") == array(1, "1-1", "1-1", array(array("second", "1"))));
}

TEST_CASE("readers of streams wait as long as they said, or until they are unblocked") {
  TestServer server;
  auto client = server.connect();
  client("XGROUP", "CREATE", "s", "g", "$", "MKSTREAM");
  CHECK(client("XREAD", "BLOCK", 20, "STREAMS", "s", "$") == nil);
  CHECK(client("XREADGROUP", "GROUP", "g", "me", "BLOCK", 20, "STREAMS", "s", ">") == nil);
  auto reader = server.connect();
  const int64_t id = reader("CLIENT", "ID").integer;
  reader.send({"XREAD", "BLOCK", "0", "STREAMS", "s", "$"});
  wait_for_blocked(client, 1);
  CHECK(client("CLIENT", "UNBLOCK", id) == 1);
  CHECK(reader.receive() == nil);
  reader.send({"XREADGROUP", "GROUP", "g", "me", "BLOCK", "0", "STREAMS", "s", ">"});
  wait_for_blocked(client, 1);
  CHECK(client("CLIENT", "UNBLOCK", id, "ERROR") == 1);
  CHECK(reader.receive() == error_starting("UNBLOCKED "));
}

TEST_CASE("a stream that is swapped in serves who waits for its name") {
  TestServer server;
  auto client = server.connect();
  client("SELECT", 1);
  client("XADD", "s", "5-1", "n", "1");
  auto reader = server.connect();
  reader.send({"XREAD", "BLOCK", "0", "STREAMS", "s", "1"});
  wait_for_blocked(client, 1);
  client("SWAPDB", 0, 1);
  CHECK(reader.receive() == array(array("s", array(array("5-1", array("n", "1"))))));
}

TEST_CASE("what happens to a group while a reader waits is told to it") {
  TestServer server;
  auto client = server.connect();
  auto reader = server.connect();
  const auto wait = [&] {
    client("DEL", "s");
    client("XGROUP", "CREATE", "s", "g", "$", "MKSTREAM");
    reader.send({"XREADGROUP", "GROUP", "g", "me", "BLOCK", "0", "STREAMS", "s", ">"});
    wait_for_blocked(client, 1);
  };
  wait();
  client("EXPIRE", "s", -1);
  CHECK(reader.receive() == error_starting("NOGROUP "));
  wait();
  client("XADD", "other", "1-1", "n", "1");
  client("RENAME", "other", "s");
  CHECK(reader.receive() == error_starting("NOGROUP "));
  wait();
  client("SET", "s", "text");
  CHECK(reader.receive() == error_starting("WRONGTYPE "));
  // A group that reads on from elsewhere.
  client("DEL", "s");
  client("XADD", "s", "1-1", "n", "1");
  client("XGROUP", "CREATE", "s", "g", "$");
  reader.send({"XREADGROUP", "GROUP", "g", "me", "BLOCK", "0", "STREAMS", "s", ">"});
  wait_for_blocked(client, 1);
  client("XGROUP", "SETID", "s", "g", "0");
  CHECK(read_ids(reader.receive()) == std::vector<std::string>{"1-1"});
}

// --- Ten workers ---

// Work that is handed out, done, lost and taken over; it checks every step against what may be.
class Workshop {
 public:
  Workshop() : producer_(server_.connect()), janitor_(server_.connect()) {
    producer_("XGROUP", "CREATE", "work", "team", "$", "MKSTREAM");
    for (int i = 0; i < 10; i++) hire();
  }

  void run(int steps) {
    for (int i = 0; i < steps; i++) step();
    REQUIRE(crashes_ > 10);
    REQUIRE(taken_over_ > 10);
    REQUIRE(found_deleted_ > 0);
    REQUIRE(given_unseen_ > 10);
    finish();
  }

 private:
  struct Worker {
    std::string name;
    TestClient connection;
    std::set<std::string> jobs;  // that it has and did not finish
  };
  enum class State { waiting, given, done, deleted };
  struct Job {
    State state = State::waiting;
    std::string owner;
    bool is_orphaned = false;  // its owner has crashed
    int deliveries = 0;
  };

  Worker& someone() { return workers_[random_.below(workers_.size())]; }
  void hire() { workers_.push_back({"worker" + std::to_string(hired_++), server_.connect(), {}}); }

  void step() {
    switch (random_.below(12)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return produce();
      case 4:
      case 5:
      case 6:
        return take_new(someone());
      case 7:
      case 8:
        return finish_some(someone());
      case 9:
        return take_over(someone(), 5);
      case 10:
        return random_.below(4) == 0 ? crash() : look_back(someone());
      default:
        return remove_some();
    }
  }

  void produce() {
    for (uint64_t i = random_.below(6); i > 0; i--) {
      jobs_[producer_("XADD", "work", "*", "job", i).text] = Job{};
    }
  }

  void give(Worker& worker, const std::string& id) {
    Job& job = jobs_.at(id);
    job = {State::given, worker.name, false, job.deliveries + 1};
    worker.jobs.insert(id);
  }

  // Nobody may have got before what comes as new.
  void take_new(Worker& worker) {
    const Reply reply = worker.connection("XREADGROUP", "GROUP", "team", worker.name, "COUNT",
                                          1 + random_.below(5), "STREAMS", "work", ">");
    for (const std::string& id : read_ids(reply)) {
      REQUIRE(jobs_.at(id).state == State::waiting);
      give(worker, id);
    }
  }

  void finish_some(Worker& worker) {
    for (uint64_t i = random_.below(4); i > 0 && !worker.jobs.empty(); i--) {
      const std::string id = *worker.jobs.begin();
      worker.jobs.erase(worker.jobs.begin());
      REQUIRE(worker.connection("XACK", "work", "team", id) == 1);
      REQUIRE(worker.connection("XACK", "work", "team", id) == 0);
      Job& job = jobs_.at(id);
      REQUIRE(job.state != State::done);
      if (job.state == State::given) job.state = State::done;
    }
  }

  // Its own unfinished work and nothing else, as after a restart.
  void look_back(Worker& worker) {
    const Reply reply =
        worker.connection("XREADGROUP", "GROUP", "team", worker.name, "STREAMS", "work", "0");
    const auto ids = read_ids(reply);
    REQUIRE(std::set<std::string>(ids.begin(), ids.end()) == worker.jobs);
    for (const std::string& id : ids) {
      if (jobs_.at(id).state == State::given) jobs_.at(id).deliveries++;
    }
  }

  // The worker is never heard of again; two minutes pass for what it had.
  void crash() {
    crashes_++;
    const size_t index = random_.below(workers_.size());
    Worker& worker = workers_[index];
    if (random_.below(2) == 0) leave_before_the_answer(worker);
    for (const std::string& id : worker.jobs) {
      Job& job = jobs_.at(id);
      job.is_orphaned = true;
      if (job.state != State::given) continue;
      const Reply aged =
          janitor_("XCLAIM", "work", "team", worker.name, 0, id, "IDLE", 120'000, "JUSTID");
      REQUIRE(aged == array(id));
    }
    worker.connection.close();
    workers_.erase(workers_.begin() + static_cast<std::ptrdiff_t>(index));
    hire();
  }

  // Asks for new work and is gone before it comes: nobody saw what the server has given away then,
  // and it has to be pending all the same.
  void leave_before_the_answer(Worker& worker) {
    const int64_t id = worker.connection("CLIENT", "ID").integer;
    worker.connection.send(
        {"XREADGROUP", "GROUP", "team", worker.name, "COUNT", "3", "STREAMS", "work", ">"});
    worker.connection.close();
    REQUIRE(eventually([&] { return janitor_("CLIENT", "LIST", "ID", id).text.empty(); }));
    const Reply pending = janitor_("XPENDING", "work", "team", "-", "+", 10'000, worker.name);
    for (const std::string& job : ids_of(pending)) {
      if (worker.jobs.contains(job)) continue;
      REQUIRE(jobs_.at(job).state == State::waiting);
      give(worker, job);
      given_unseen_++;
    }
  }

  // Only work of those who crashed may change hands.
  void take_over(Worker& worker, int count) {
    const Reply reply = worker.connection("XAUTOCLAIM", "work", "team", worker.name, 60'000,
                                          cursor_, "COUNT", count);
    cursor_ = reply.children.at(0).text;
    for (const std::string& id : ids_of(reply.children.at(1))) {
      REQUIRE(jobs_.at(id).state == State::given);
      REQUIRE(jobs_.at(id).is_orphaned);
      give(worker, id);
      taken_over_++;
    }
    for (const Reply& id : reply.children.at(2).children) {
      REQUIRE(jobs_.at(id.text).state == State::deleted);
      for (Worker& other : workers_) other.jobs.erase(id.text);
      jobs_.at(id.text).owner.clear();
      found_deleted_++;
    }
  }

  void remove_some() {
    if (random_.below(3) != 0) return;
    for (auto& [id, job] : jobs_) {
      if (job.state != State::given || random_.below(20) != 0) continue;
      REQUIRE(producer_("XDEL", "work", id) == 1);
      job.state = State::deleted;
      return;
    }
  }

  // The one who is left does all that is open; then nothing is pending and nothing was lost.
  void finish() {
    while (workers_.size() > 1) crash_last();
    Worker& last = workers_.front();
    cursor_ = "0-0";
    do {
      take_over(last, 100);
    } while (cursor_ != "0-0");
    for (bool is_more = true; is_more;) {
      const size_t before = last.jobs.size();
      take_new(last);
      is_more = last.jobs.size() > before;
    }
    while (!last.jobs.empty()) finish_some(last);
    CHECK(janitor_("XPENDING", "work", "team").children.at(0) == 0);
    for (const auto& [id, job] : jobs_) {
      INFO(id);
      REQUIRE((job.state == State::done || job.state == State::deleted));
      if (job.state == State::done) REQUIRE(job.deliveries >= 1);
    }
    const Reply groups = janitor_("XINFO", "GROUPS", "work");
    CHECK(groups.children.at(0).children.at(7) == jobs_.rbegin()->first);
    CHECK(janitor_("XLEN", "work") ==
          std::count_if(jobs_.begin(), jobs_.end(),
                        [](const auto& job) { return job.second.state == State::done; }));
  }
  void crash_last() {
    for (const std::string& id : workers_.back().jobs) {
      jobs_.at(id).is_orphaned = true;
      if (jobs_.at(id).state != State::given) continue;
      janitor_("XCLAIM", "work", "team", workers_.back().name, 0, id, "IDLE", 120'000, "JUSTID");
    }
    workers_.pop_back();
  }

  struct ById {
    static std::pair<uint64_t, uint64_t> numbers(const std::string& id) {
      const size_t dash = id.find('-');
      return {std::stoull(id.substr(0, dash)), std::stoull(id.substr(dash + 1))};
    }
    bool operator()(const std::string& left, const std::string& right) const {
      return numbers(left) < numbers(right);
    }
  };

  TestServer server_;
  Random random_{20'261'120};
  TestClient producer_;
  TestClient janitor_;
  std::vector<Worker> workers_;
  std::map<std::string, Job, ById> jobs_;
  std::string cursor_ = "0-0";
  int hired_ = 0;
  int crashes_ = 0;
  int taken_over_ = 0;
  int found_deleted_ = 0;
  int given_unseen_ = 0;
};

TEST_CASE("ten workers that crash now and then lose no work, and do none twice at a time") {
  Workshop().run(6000);
}

}  // namespace
}  // namespace larder
