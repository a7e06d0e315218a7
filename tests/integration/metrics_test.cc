// modules/metrics over its own port: the paths, hostile clients, Prometheus's own checker, the
// well-known exporter beside it, and the page in a browser.
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/build.h"
#include "tests/support/eventually.h"
#include "tests/support/outside_address.h"
#include "tests/support/program.h"
#include "tests/support/test_server.h"

extern char** environ;  // NOLINT

namespace larder {
namespace {

struct HttpAnswer {
  int status = 0;
  std::string head;
  std::string body;
};

std::string without_chunks(std::string_view text) {
  std::string body;
  for (;;) {
    const size_t end = text.find("\r\n");
    REQUIRE(end != std::string_view::npos);
    const size_t bytes = std::stoul(std::string(text.substr(0, end)), nullptr, 16);
    text.remove_prefix(end + 2);
    if (bytes == 0) return body;
    REQUIRE(text.size() >= bytes + 2);
    body += text.substr(0, bytes);
    text.remove_prefix(bytes + 2);
  }
}

// One request on a connection of its own, which the server closes behind the answer.
HttpAnswer http_get(int port, const std::string& path, const std::string& method = "GET",
                    const std::string& host = "localhost") {
  TestClient client = TestClient::connect(port);
  client.send_raw(method + ' ' + path + " HTTP/1.1\r\nHost: " + host +
                  "\r\nConnection: close\r\n\r\n");
  std::string text;
  for (std::string part = client.receive_raw(); !part.empty(); part = client.receive_raw())
    text += part;
  HttpAnswer answer;
  const size_t end = text.find("\r\n\r\n");
  REQUIRE(end != std::string::npos);
  answer.status = std::stoi(text.substr(9));
  answer.head = text.substr(0, end + 2);
  answer.body = text.substr(end + 4);
  if (answer.head.find("Transfer-Encoding: chunked") != std::string::npos && !answer.body.empty()) {
    answer.body = without_chunks(answer.body);
  }
  return answer;
}

bool listens(int port) {
  try {
    TestClient::connect(port);
    return true;
  } catch (const std::runtime_error&) {
    return false;
  }
}

// A server whose metrics are served.
struct MeasuredServer {
  explicit MeasuredServer(std::vector<std::string> more = {})
      : server(arguments(std::move(more))) {}
  std::vector<std::string> arguments(std::vector<std::string> more) const {
    more.insert(more.end(), {"--metrics-port", std::to_string(port)});
    return more;
  }
  HttpAnswer get(const std::string& path) const { return http_get(port, path); }

  const int port = free_port();
  TestServer server;
};

std::string info_of(TestClient& client, const std::string& sections = "everything") {
  return client("INFO", sections).text;
}

std::map<std::string, std::string> fields_of(const std::string& info) {
  std::map<std::string, std::string> fields;
  std::istringstream lines(info);
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with('\r')) line.pop_back();
    const size_t colon = line.find(':');
    if (!line.starts_with('#') && colon != std::string::npos) {
      fields[line.substr(0, colon)] = line.substr(colon + 1);
    }
  }
  return fields;
}

// Of a text in Prometheus's format: series ("name{labels}") with their values, and families with
// types.
struct Metrics {
  std::map<std::string, std::string> series;
  std::map<std::string, std::string> types;

  explicit Metrics(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("# TYPE ")) {
        const size_t space = line.find(' ', 7);
        types[line.substr(7, space - 7)] = line.substr(space + 1);
      } else if (!line.starts_with('#') && !line.empty()) {
        const size_t space = line.rfind(' ');
        CHECK(series.emplace(line.substr(0, space), line.substr(space + 1)).second);
      }
    }
  }
  // Of each name the labels of its series, all together.
  std::map<std::string, std::set<std::string>> labels() const {
    std::map<std::string, std::set<std::string>> found;
    static const std::regex label("([a-zA-Z_]+)=\"(?:[^\"\\\\]|\\\\.)*\"");
    for (const auto& [name, value] : series) {
      const size_t brace = name.find('{');
      std::set<std::string>& labels = found[name.substr(0, brace)];
      if (brace == std::string::npos) continue;
      const std::string text = name.substr(brace);
      for (std::sregex_iterator at(text.begin(), text.end(), label), end; at != end; ++at) {
        labels.insert((*at)[1]);
      }
    }
    return found;
  }
};

// So that there is something of everything.
void make_use_of(TestServer& server) {
  TestClient client = server.connect();
  client("CONFIG", "SET", "slowlog-log-slower-than", "0");
  client("CONFIG", "SET", "latency-monitor-threshold", "1");
  for (int i = 0; i < 100; i++) {
    client("SET", "key:" + std::to_string(i), "value", "EX", "1000");
    client("GET", "key:" + std::to_string(i));
    client("GET", "none");
  }
  client("HSET", "hash", "field", "value");
  client("ZADD", "board", "1", "a");
  client("LPUSH", "hash", "x");
  client("NONSENSE");
  client("SELECT", "3");
  client("SET", "elsewhere", "1");
}

// Debian's programs, unpacked by the Makefile or installed by somebody.
std::string tool(const std::string& name) {
  const std::string unpacked = LARDER_NODE_FOLDER "/../tools/usr/bin/" + name;
  return std::filesystem::exists(unpacked) ? unpacked : name;
}

TEST_CASE("metrics: off by default, on and off while the server runs") {
  TestServer server({"--enable-protected-configs", "yes"});
  TestClient client = server.connect();
  const int port = free_port();
  CHECK(client("CONFIG", "GET", "metrics-port").children.at(1).text == "0");
  CHECK(fields_of(info_of(client)).at("metrics_history_bytes") == "0");
  CHECK(client("CONFIG", "SET", "metrics-port", std::to_string(port)).text == "OK");
  CHECK(http_get(port, "/health").status == 200);
  // What somebody else has cannot be taken; the former port stays.
  CHECK(client("CONFIG", "SET", "metrics-port", std::to_string(server.port())).is_error());
  CHECK(http_get(port, "/health").body == "ok\n");
  CHECK(client("CONFIG", "SET", "metrics-bind", "127.0.0.1").text == "OK");
  CHECK(http_get(port, "/ready").body == "ready\n");
  TestClient idle = TestClient::connect(port);
  CHECK(client("CONFIG", "SET", "metrics-port", "0").text == "OK");
  CHECK(idle.receive_eof());
  CHECK(!listens(port));
  CHECK(fields_of(info_of(client)).at("metrics_http_requests") == "3");
}

// The newest value of a series in the answer of /api/history; "" before the first row.
std::string newest(const HttpAnswer& history, const std::string& name) {
  const std::string& text = history.body;
  const size_t names = text.find("\"series\":[");
  const size_t place = text.find('"' + name + '"', names);
  REQUIRE(place != std::string::npos);
  // In a row the time comes first.
  const auto column = 1 + std::count(text.begin() + static_cast<ptrdiff_t>(names),
                                     text.begin() + static_cast<ptrdiff_t>(place), ',');
  const size_t row = text.rfind("[");
  const size_t end = text.find(']', row);
  std::istringstream values(text.substr(row + 1, end - row - 1));
  std::string value;
  for (int64_t i = 0; i <= column; i++) {
    if (!std::getline(values, value, ',')) return "";
  }
  return value;
}

TEST_CASE("metrics: how long commands take is kept where nobody measures what clients see") {
  MeasuredServer measured({"--latency-tracking", "no"});
  TestClient client = measured.server.connect();
  const auto becomes_known = [&](const std::string& known, const std::string& unknown) {
    return eventually(
        [&] {
          client("PING");
          const HttpAnswer history = measured.get("/api/history");
          const std::string value = newest(history, known);
          return !value.empty() && value != "null" && newest(history, unknown) == "null";
        },
        30s);
  };
  CHECK(becomes_known("execution_p50", "service_p50"));
  client("CONFIG", "SET", "latency-tracking", "yes");
  CHECK(becomes_known("service_p50", "execution_p50"));
  client("CONFIG", "SET", "latency-tracking", "no");
  CHECK(becomes_known("execution_p50", "service_p50"));
}

TEST_CASE("metrics: a port that cannot be had does not keep the server from its clients") {
  TestServer other;
  TestServer server({"--metrics-port", std::to_string(other.port())});
  CHECK(server.connect()("PING").text == "PONG");
  CHECK(server.log().find("metrics-port") != std::string::npos);
}

TEST_CASE("metrics: paths, methods and headers") {
  MeasuredServer measured;
  const int port = measured.port;
  CHECK(http_get(port, "/none").status == 404);
  CHECK(http_get(port, "/metrics", "POST").status == 405);
  const HttpAnswer page = http_get(port, "/");
  CHECK(page.status == 200);
  CHECK(page.head.find("Content-Security-Policy: default-src 'none'; script-src 'sha256-") !=
        std::string::npos);
  CHECK(page.head.find("unsafe") == std::string::npos);
  CHECK(page.body.find("uPlot") != std::string::npos);
  CHECK(http_get(port, "/", "HEAD").body.empty());
  CHECK(http_get(port, "/metrics", "HEAD").body.empty());
  CHECK(http_get(port, "/metrics").head.find("version=0.0.4") != std::string::npos);
  // A page elsewhere can make its own name point here, but cannot hide which name it used.
  CHECK(http_get(port, "/metrics", "GET", "evil.example:9121").status == 421);
  for (const std::string host : {"localhost:9121", "127.0.0.1", "10.0.0.1:80", "[::1]:9121"}) {
    CHECK(http_get(port, "/health", "GET", host).status == 200);
  }
}

TEST_CASE("metrics: requests follow each other on a connection") {
  MeasuredServer measured;
  TestClient client = TestClient::connect(measured.port);
  const std::string request = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
  client.send_raw(request + request + "HEAD /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" +
                  request);
  std::string text;
  const auto answers = [&] {
    size_t count = 0;
    for (size_t at = text.find("HTTP/1.1 200"); at != std::string::npos;
         at = text.find("HTTP/1.1 200", at + 1)) {
      count++;
    }
    return count;
  };
  while (answers() < 4 || !text.ends_with("ok\n")) {
    const std::string part = client.receive_raw();
    REQUIRE(!part.empty());
    text += part;
  }
  client.send_raw("garbage\r\n\r\n");
  CHECK(client.receive_raw().starts_with("HTTP/1.1 400"));
  CHECK(client.receive_raw().empty());
}

TEST_CASE("metrics: hostile clients are refused or dropped, and nobody else notices") {
  MeasuredServer measured;
  TestClient redis = TestClient::connect(measured.port);
  redis.send_raw("*1\r\n$4\r\nPING\r\n");
  CHECK(redis.receive_raw().starts_with("HTTP/1.1 400"));
  TestClient admin = measured.server.connect();
  CHECK(fields_of(info_of(admin)).at("metrics_http_refused") == "1");
  TestClient large = TestClient::connect(measured.port);
  large.send_raw("GET /" + std::string(8192, 'a'));
  CHECK(large.receive_raw().starts_with("HTTP/1.1 414"));
  // More connections than there are places: those that have asked for nothing yet give way.
  std::vector<TestClient> crowd;
  for (int i = 0; i < 100; i++) crowd.push_back(TestClient::connect(measured.port));
  CHECK(measured.get("/health").status == 200);
  TestClient client = measured.server.connect();
  CHECK(std::stoi(fields_of(info_of(client)).at("metrics_http_connections")) <= 32);
  // Nor do those that never end their request keep others out.
  for (int i = 0; i < 100; i++) {
    crowd.push_back(TestClient::connect(measured.port));
    crowd.back().send_raw("GET /");
  }
  CHECK(measured.get("/health").status == 200);
  CHECK(client("PING").text == "PONG");
}

TEST_CASE("metrics: who may call the server by a name") {
  const std::string outside = outside_address();
  if (outside.empty()) {
    WARN("this machine has loopback addresses only");
    return;
  }
  const int port = free_port();
  TestServer server({"--metrics-port", std::to_string(port), "--metrics-bind", outside});
  const auto status_of = [&](const std::string& path, const std::string& host) {
    TestClient client = TestClient::connect(port, outside);
    client.send_raw("GET " + path + " HTTP/1.0\r\nHost: " + host + "\r\n\r\n");
    return client.receive_raw().substr(9, 3);
  };
  for (const std::string path : {"/", "/api/now", "/api/history"}) {
    CHECK(status_of(path, "evil.example") == "421");
    CHECK(status_of(path, outside) == "200");
  }
  for (const std::string path : {"/metrics", "/health", "/ready"}) {
    CHECK(status_of(path, "cache1.example:9121") == "200");
  }
}

TEST_CASE("metrics: /metrics has every number of INFO") {
  MeasuredServer measured;
  make_use_of(measured.server);
  TestClient client = measured.server.connect();
  const auto before = fields_of(info_of(client));
  const std::string text = measured.get("/metrics").body;
  const auto fields = fields_of(info_of(client));
  const Metrics metrics(text);
  const std::regex number("-?[0-9]+(\\.[0-9]+)?");
  int numbers = 0;
  int compared = 0;
  // Names of builds and histories, which may consist of digits only.
  const std::set<std::string> texts = {"redis_git_sha1", "redis_build_id", "run_id",
                                       "master_replid", "master_replid2"};
  for (const auto& [name, value] : fields) {
    if (!std::regex_match(value, number) || texts.contains(name)) continue;
    numbers++;
    INFO(name << ':' << value);
    const size_t help = text.find(" Field " + name + " of INFO");
    REQUIRE(help != std::string::npos);
    const size_t line = text.rfind('\n', help) + 1;
    const std::string metric = text.substr(line + 7, help - line - 7);
    // What stood still meanwhile has its value.
    if (!before.contains(name) || before.at(name) != value || name == "latest_fork_usec") continue;
    // Only the scrape itself sees its connection for certain.
    if (name == "metrics_http_connections") continue;
    compared++;
    CHECK(std::stod(metrics.series.at(metric)) == std::stod(value));
  }
  CHECK(numbers > 100);
  CHECK(compared > 80);
  // And the families that are made of several fields.
  CHECK(metrics.series.at("redis_db_keys{db=\"db0\"}") == "102");
  CHECK(metrics.series.at("redis_db_keys{db=\"db3\"}") == "1");
  CHECK(metrics.series.at("redis_db_keys{db=\"db5\"}") == "0");
  CHECK(metrics.series.at("redis_keyspace_hits_total") == fields.at("keyspace_hits"));
  CHECK(metrics.series.at("redis_keyspace_misses_total") == fields.at("keyspace_misses"));
  CHECK(metrics.series.at("redis_memory_max_bytes") == fields.at("maxmemory"));
  CHECK(metrics.series.at("redis_commands_total{cmd=\"get\"}") == "200");
  CHECK(metrics.series.at("redis_commands_latencies_usec_bucket{cmd=\"get\",le=\"+Inf\"}") ==
        "200");
  CHECK(metrics.series.at("redis_commands_latencies_usec_count{cmd=\"get\"}") == "200");
  CHECK(metrics.series.at("redis_errors_total{err=\"WRONGTYPE\"}") == "1");
  CHECK(metrics.series.contains("redis_latency_percentiles_usec{cmd=\"get\",quantile=\"99.9\"}"));
  CHECK(
      metrics.series.at(
          "larder_info_text{section=\"memory\",field=\"maxmemory_policy\",value=\"noeviction\"}") ==
      "1");
  CHECK(metrics.types.at("redis_commands_processed_total") == "counter");
  CHECK(metrics.types.at("redis_connected_clients") == "gauge");
  for (const char* count : {"batches", "background_batches", "push_batches", "push_batch_messages",
                            "push_batch_messages_merged", "pressure_freed_bytes", "total_forks"}) {
    INFO(count);
    CHECK(metrics.types.at("larder_" + std::string(count) + "_total") == "counter");
  }
  for (const std::string& name : texts) {
    INFO(name);
    CHECK(text.find("field=\"" + name + "\",value=\"" + fields.at(name) + "\"}") !=
          std::string::npos);
    CHECK(!metrics.types.contains("larder_" + name));
  }
}

TEST_CASE("metrics: promtool accepts /metrics") {
  MeasuredServer measured;
  make_use_of(measured.server);
  const ProgramResult done =
      run_program({tool("promtool"), "check", "metrics"}, {.input = measured.get("/metrics").body});
  INFO(done.output << done.errors);
  // 3: it is valid, and promtool would choose other names. The exporter's are what they are; ours
  // are named after the fields of INFO, units and all.
  REQUIRE((done.exit_code == 0 || done.exit_code == 3));
  std::istringstream lines(done.output + done.errors);
  for (std::string line; std::getline(lines, line);) {
    INFO(line);
    CHECK(line.find("no help text") == std::string::npos);
    CHECK(line.find("error while linting") == std::string::npos);
  }
}

// A program that runs until the test is over.
class Companion {
 public:
  explicit Companion(std::vector<std::string> line, const std::string& log) {
    std::vector<char*> arguments;
    for (std::string& word : line) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    for (const int descriptor : {1, 2}) {
      posix_spawn_file_actions_addopen(&files, descriptor, log.c_str(),
                                       O_WRONLY | O_CREAT | O_APPEND, 0600);
    }
    const int error =
        ::posix_spawnp(&pid_, arguments[0], &files, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&files);
    INFO("is it installed? " << line[0]);
    REQUIRE(error == 0);
  }
  ~Companion() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Companion(const Companion&) = delete;
  Companion& operator=(const Companion&) = delete;

 private:
  pid_t pid_ = -1;
};

TEST_CASE(
    "metrics: the exporter reads the server without an error, and /metrics has all it shows") {
  MeasuredServer measured;
  make_use_of(measured.server);
  const int port = free_port();
  const Companion exporter({tool("prometheus-redis-exporter"), "-redis.addr",
                            "redis://127.0.0.1:" + std::to_string(measured.server.port()),
                            "-web.listen-address", "127.0.0.1:" + std::to_string(port)},
                           measured.server.folder().path("exporter.log"));
  REQUIRE(eventually([&] { return listens(port); }, 30s));
  const Metrics theirs(http_get(port, "/metrics").body);
  const Metrics ours(measured.get("/metrics").body);
  CHECK(theirs.series.at("redis_up") == "1");
  CHECK(theirs.series.at("redis_exporter_last_scrape_error{err=\"\"}") == "0");
  const auto is_about_itself = [](const std::string& name) {
    return !name.starts_with("redis_") || name.find("scrape") != std::string::npos ||
           name.starts_with("redis_exporter_");
  };
  for (const auto& [name, type] : theirs.types) {
    if (is_about_itself(name)) continue;
    INFO(name);
    REQUIRE(ours.types.contains(name));
    // Debian's exporter had it wrong; later ones call it a counter.
    if (name != "redis_expired_time_cap_reached_total") CHECK(ours.types.at(name) == type);
  }
  // Later exporters have more labels, which Debian's does not know yet.
  auto our_labels = ours.labels();
  for (const auto& [name, labels] : theirs.labels()) {
    if (is_about_itself(name)) continue;
    INFO(name);
    const auto& known = our_labels[name];
    CHECK(std::includes(known.begin(), known.end(), labels.begin(), labels.end()));
  }
  // Figures that only this test changes are the same on both ways.
  for (const std::string series :
       {"redis_db_keys{db=\"db0\"}", "redis_keyspace_hits_total", "redis_keyspace_misses_total",
        "redis_commands_total{cmd=\"get\"}", "redis_errors_total{err=\"WRONGTYPE\"}",
        "redis_latency_percentiles_usec_count{cmd=\"get\"}", "redis_config_maxclients"}) {
    INFO(series);
    REQUIRE(theirs.series.contains(series));
    CHECK(std::stod(ours.series.at(series)) == std::stod(theirs.series.at(series)));
  }
}

TEST_CASE("metrics: the page in a browser") {
  MeasuredServer measured;
  make_use_of(measured.server);
  const ProgramResult done =
      run_program({"node", LARDER_SOURCE_TREE "/tests/integration/node/dashboard_test.cjs"},
                  {.environment = {{"LARDER_PORT", std::to_string(measured.server.port())},
                                   {"LARDER_METRICS_PORT", std::to_string(measured.port)},
                                   {"NODE_PATH", LARDER_NODE_FOLDER "/node_modules"},
                                   {"LARDER_SCREENSHOTS", measured.server.folder().path(".")}},
                   .bound = 400s});
  INFO(done.output << done.errors);
  CHECK(done.exit_code == 0);
}

TEST_CASE("metrics: the page that is built in is made of its sources") {
  INFO("installed by: make " LARDER_NODE_FOLDER "/dashboard");
  const ProgramResult done = run_program(
      {"node", LARDER_SOURCE_TREE "/modules/metrics/page/bundle.mjs", "--check"},
      {.environment = {{"LARDER_PAGE_MODULES", LARDER_NODE_FOLDER "/dashboard/node_modules"}}});
  INFO(done.output << done.errors);
  CHECK(done.exit_code == 0);
}

}  // namespace
}  // namespace larder
