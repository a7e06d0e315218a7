"""What a Python program sees through redis-py. Run by redis_py_test.cc, or by hand:

    LARDER_PORT=6379 /usr/bin/python3 tests/integration/python/redis_py_test.py

It empties the server's databases 0 and 9.
"""

import os
import queue
import time
import unittest

import redis

PORT = int(os.environ["LARDER_PORT"])


def connect(**options):
    return redis.Redis(host="127.0.0.1", port=PORT, socket_timeout=10, **options)


class Case(unittest.TestCase):
    def setUp(self):
        self.client = connect()
        self.client.flushdb()
        self.addCleanup(self.client.close)


class Connections(Case):
    def test_connects_and_answers(self):
        self.assertTrue(self.client.ping())
        self.assertEqual(self.client.echo("text"), b"text")
        self.assertEqual(self.client.dbsize(), 0)

    def test_selects_a_database(self):
        other = connect(db=9)
        self.addCleanup(other.close)
        other.flushdb()
        other.set("k", "nine")
        self.assertIsNone(self.client.get("k"))
        self.assertEqual(connect(db=9).get("k"), b"nine")

    def test_names_itself(self):
        with connect(client_name="worker-1") as named:
            self.assertEqual(named.client_getname(), "worker-1")

    def test_lists_clients(self):
        with connect(client_name="listed") as named:
            mine = [c for c in named.client_list() if c["name"] == "listed"]
            self.assertEqual(len(mine), 1)
            self.assertEqual(mine[0]["cmd"], "client|list")
            self.assertEqual(int(mine[0]["id"]), named.client_id())
            self.assertEqual(mine[0]["db"], "0")

    def test_a_pool_hands_out_connections(self):
        pool = redis.ConnectionPool(host="127.0.0.1", port=PORT, max_connections=4, socket_timeout=10)
        for i in range(100):
            redis.Redis(connection_pool=pool).incr("pooled")
        self.assertEqual(self.client.get("pooled"), b"100")
        pool.disconnect()

    def test_comes_back_after_it_was_killed(self):
        with connect(retry_on_error=[redis.ConnectionError], single_connection_client=True) as victim:
            self.assertEqual(self.client.client_kill_filter(_id=victim.client_id()), 1)
            self.assertTrue(victim.ping())


class Strings(Case):
    def test_set_and_get(self):
        self.assertTrue(self.client.set("k", "v"))
        self.assertEqual(self.client.get("k"), b"v")
        self.assertIsNone(self.client.get("none"))
        self.assertIsNone(self.client.set("k", "other", nx=True))
        self.assertTrue(self.client.set("k", "other", xx=True))
        self.assertEqual(self.client.set("k", "third", get=True), b"other")
        self.assertEqual(self.client.getdel("k"), b"third")
        self.assertEqual(self.client.exists("k"), 0)

    def test_decodes(self):
        with connect(decode_responses=True) as decoding:
            decoding.set("name", "Speisekammer \u2603")
            self.assertEqual(decoding.get("name"), "Speisekammer \u2603")

    def test_keeps_any_bytes(self):
        value = bytes(range(256)) * 3
        self.client.set(value, value)
        self.assertEqual(self.client.get(value), value)

    def test_counts(self):
        self.assertEqual(self.client.incr("n"), 1)
        self.assertEqual(self.client.incrby("n", 41), 42)
        self.assertEqual(self.client.decr("n", 2), 40)
        self.assertEqual(self.client.incrbyfloat("n", 0.5), 40.5)

    def test_several_at_once(self):
        self.client.mset({"a": 1, "b": 2})
        self.assertEqual(self.client.mget("a", "none", "b"), [b"1", None, b"2"])
        self.assertEqual(self.client.delete("a", "b", "none"), 2)

    def test_big_values(self):
        for size in (32 * 1024 - 1, 32 * 1024 + 1, 1024 * 1024, 20 * 1024 * 1024):
            value = os.urandom(1024) * (size // 1024) + b"x" * (size % 1024)
            self.client.set("big", value)
            self.assertEqual(self.client.strlen("big"), size)
            self.assertEqual(self.client.get("big"), value)


class Pipelines(Case):
    def test_pipelines(self):
        with self.client.pipeline(transaction=False) as pipeline:
            for i in range(1000):
                pipeline.set(f"key:{i}", i)
            for i in range(1000):
                pipeline.get(f"key:{i}")
            replies = pipeline.execute()
        self.assertEqual(replies, [True] * 1000 + [b"%d" % i for i in range(1000)])

    def test_an_error_is_one_reply_of_a_pipeline(self):
        with self.client.pipeline(transaction=False) as pipeline:
            pipeline.set("k", "text").incr("k").get("k")
            replies = pipeline.execute(raise_on_error=False)
        self.assertTrue(replies[0])
        self.assertIsInstance(replies[1], redis.ResponseError)
        self.assertEqual(replies[2], b"text")


class Errors(Case):
    def test_errors_are_exceptions(self):
        self.client.set("k", "text")
        with self.assertRaisesRegex(redis.ResponseError, "value is not an integer or out of range"):
            self.client.incr("k")
        with self.assertRaisesRegex(redis.ResponseError, "unknown command"):
            self.client.execute_command("NOSUCHCOMMAND", "a")
        with self.assertRaisesRegex(redis.ResponseError, "wrong number of arguments for 'get'"):
            self.client.execute_command("GET")
        self.assertTrue(self.client.ping())

    def test_a_password_that_nobody_set(self):
        with self.assertRaisesRegex(redis.ResponseError, "called without any password"):
            connect(password="secret").ping()


class Keys(Case):
    def test_expires(self):
        self.client.set("k", "v", ex=100)
        self.assertIn(self.client.ttl("k"), (99, 100))
        self.assertTrue(self.client.expire("k", 50))
        self.assertIn(self.client.ttl("k"), (49, 50))
        self.assertTrue(self.client.persist("k"))
        self.assertEqual(self.client.ttl("k"), -1)
        self.assertEqual(self.client.ttl("none"), -2)

    def test_is_gone_when_its_time_is_over(self):
        self.client.set("k", "v", px=20)
        end = time.monotonic() + 5
        while self.client.get("k") is not None:
            self.assertLess(time.monotonic(), end)
        self.assertEqual(self.client.exists("k"), 0)

    def test_scans(self):
        names = {b"scan:%d" % i for i in range(500)}
        self.client.mset({name: "v" for name in names})
        self.client.set("other", "v")
        self.assertEqual(set(self.client.scan_iter(match="scan:*", count=50)), names)
        self.assertEqual(set(self.client.scan_iter()), names | {b"other"})
        self.assertEqual(set(self.client.keys("scan:1*")), {n for n in names if n.startswith(b"scan:1")})

    def test_renames_and_types(self):
        self.client.set("a", "v")
        self.assertTrue(self.client.rename("a", "b"))
        self.assertEqual(self.client.type("b"), b"string")
        self.assertEqual(self.client.type("a"), b"none")
        self.assertEqual(self.client.object("encoding", "b"), b"embstr")


class Transactions(Case):
    def test_runs_a_pipeline_as_a_transaction(self):
        with self.client.pipeline(transaction=True) as pipe:
            self.assertEqual(pipe.set("k", 1).incr("k").execute(), [True, 2])

    def test_tries_again_when_a_watched_key_changes(self):
        self.client.set("n", 1)
        tries = []

        def double(pipe):
            value = int(pipe.get("n"))
            if not tries:
                self.client.set("n", 10)
            tries.append(value)
            pipe.multi()
            pipe.set("n", value * 2)

        self.client.transaction(double, "n")
        self.assertEqual(tries, [1, 10])
        self.assertEqual(self.client.get("n"), b"20")

    def test_reports_a_watch_error(self):
        with self.client.pipeline() as pipe:
            pipe.watch("w")
            self.client.set("w", 1)
            pipe.multi()
            pipe.get("w")
            with self.assertRaises(redis.WatchError):
                pipe.execute()


    def test_an_error_of_one_command_leaves_the_others(self):
        self.client.set("text", "a")
        pipe = self.client.pipeline(transaction=True)
        replies = pipe.incr("text").set("behind", "1").execute(raise_on_error=False)
        self.assertIsInstance(replies[0], redis.ResponseError)
        self.assertTrue(replies[1])
        self.assertEqual(self.client.get("behind"), b"1")

    def test_what_cannot_be_queued_ends_a_transaction(self):
        pipe = self.client.pipeline(transaction=True)
        pipe.execute_command("NONSENSE")
        pipe.set("never", "1")
        with self.assertRaises(redis.ResponseError):
            pipe.execute()
        self.assertEqual(self.client.exists("never"), 0)

    def test_locks(self):
        # Its release is a script where there are scripts; what it holds is a key in any case.
        lock = self.client.lock("lock", timeout=10, blocking=False)
        self.assertTrue(lock.acquire())
        self.assertTrue(lock.locked())
        self.assertFalse(self.client.lock("lock", timeout=10, blocking=False).acquire())


class Listening(Case):
    def next_message(self, pubsub):
        for _ in range(100):
            message = pubsub.get_message(timeout=1)
            if message is not None:
                return message
        self.fail("no message came")


class Subscriptions(Listening):
    def test_hears_channels_and_patterns(self):
        pubsub = self.client.pubsub()
        pubsub.subscribe("news")
        pubsub.psubscribe("n*")
        self.assertEqual(self.next_message(pubsub)["type"], "subscribe")
        self.assertEqual(self.next_message(pubsub)["type"], "psubscribe")
        self.assertEqual(self.client.publish("news", "hello"), 2)
        self.assertEqual(self.next_message(pubsub)["data"], b"hello")
        self.assertEqual(self.next_message(pubsub)["pattern"], b"n*")
        self.assertEqual(self.client.pubsub_numsub("news"), [(b"news", 1)])
        pubsub.ping("still there")
        self.assertEqual(self.next_message(pubsub)["type"], "pong")
        pubsub.unsubscribe()
        self.assertEqual(self.next_message(pubsub)["type"], "unsubscribe")
        pubsub.close()

    def test_calls_handlers_in_a_thread(self):
        pubsub = self.client.pubsub(ignore_subscribe_messages=True)
        self.addCleanup(pubsub.close)
        heard = queue.Queue()
        pubsub.subscribe(**{"news": lambda message: heard.put(message["data"])})
        thread = pubsub.run_in_thread(sleep_time=0.01, daemon=True)
        self.client.publish("news", "one")
        self.assertEqual(heard.get(timeout=10), b"one")
        thread.stop()
        thread.join(timeout=10)
        self.assertFalse(thread.is_alive())

    def test_subscribes_again_after_it_was_killed(self):
        with connect(client_name="listener") as listening:
            pubsub = listening.pubsub(ignore_subscribe_messages=True)
            self.addCleanup(pubsub.close)
            pubsub.subscribe("news")
            while pubsub.get_message(timeout=1) is not None:
                pass
            self.client.client_kill_filter(_type="pubsub")
            message = None
            deadline = time.monotonic() + 10
            while message is None and time.monotonic() < deadline:
                try:
                    message = pubsub.get_message(timeout=0.05)
                except redis.ConnectionError:
                    pubsub.connection.connect()  # it subscribes again by itself then
                self.client.publish("news", "back")
            self.assertEqual(message["data"], b"back")

    def test_hears_of_keys_that_expire(self):
        self.client.config_set("notify-keyspace-events", "Ex")
        pubsub = self.client.pubsub(ignore_subscribe_messages=True)
        self.addCleanup(pubsub.close)
        pubsub.subscribe("__keyevent@0__:expired")
        self.assertIsNone(pubsub.get_message(timeout=1))  # the confirmation
        self.client.set("short", "1", px=5)
        self.assertEqual(self.next_message(pubsub)["data"], b"short")
        self.client.config_set("notify-keyspace-events", "")


class Tracking(Listening):
    def track(self, *options):
        """A client that tracks, and the subscription through which it is told."""
        told = connect(single_connection_client=True)
        self.addCleanup(told.close)
        pubsub = told.pubsub(ignore_subscribe_messages=True)
        self.addCleanup(pubsub.close)
        pubsub.subscribe("__redis__:invalidate")
        self.assertIsNone(pubsub.get_message(timeout=1))  # the confirmation
        number = [c["id"] for c in self.client.client_list(_type="pubsub")][-1]
        tracking = connect(single_connection_client=True)
        self.addCleanup(tracking.close)
        self.assertTrue(tracking.client_tracking_on(clientid=int(number), **dict(options)))
        self.assertEqual(tracking.client_getredir(), int(number))
        return tracking, pubsub

    def test_is_told_of_what_it_has_read(self):
        tracking, pubsub = self.track()
        tracking.mget("a", "b")
        self.client.set("a", "1")
        self.assertEqual(self.next_message(pubsub)["data"], [b"a"])
        tracking.set("b", "own")
        self.assertEqual(self.next_message(pubsub)["data"], [b"b"])
        self.client.flushall()
        self.assertIsNone(self.next_message(pubsub)["data"])
        info = tracking.client_trackinginfo()
        self.assertIn(b"on", info[1])
        self.assertTrue(tracking.client_tracking_off())

    def test_broadcasts(self):
        tracking, pubsub = self.track(("bcast", True), ("prefix", ["user:"]), ("noloop", True))
        tracking.set("user:0", "own")
        self.client.mset({"user:2": "x", "user:1": "x", "other": "x"})
        self.assertEqual(self.next_message(pubsub)["data"], [b"user:1", b"user:2"])


class Administration(Case):
    def test_info(self):
        self.client.set("k", "v", ex=100)
        info = self.client.info("everything")
        self.assertEqual(info["redis_version"], "7.2.4")
        self.assertEqual(info["tcp_port"], PORT)
        self.assertEqual(info["role"], "master")
        self.assertGreaterEqual(info["connected_clients"], 1)
        self.assertIsInstance(info["used_memory"], int)
        self.assertIsInstance(info["mem_fragmentation_ratio"], float)
        self.assertEqual((info["db0"]["keys"], info["db0"]["expires"]), (1, 1))
        self.assertGreaterEqual(info["cmdstat_set"]["calls"], 1)
        self.assertGreaterEqual(self.client.info("cpu")["used_cpu_user"], 0)
        self.assertIn("redis_version", self.client.info())

    def test_statistics_begin_again(self):
        self.client.set("k", "v")
        self.assertIn("cmdstat_set", self.client.info("commandstats"))
        self.assertTrue(self.client.config_resetstat())
        self.assertNotIn("cmdstat_set", self.client.info("commandstats"))

    def test_config(self):
        self.assertEqual(self.client.config_get("port"), {"port": str(PORT)})
        before = self.client.config_get("timeout")["timeout"]
        self.assertTrue(self.client.config_set("timeout", 1234))
        self.assertEqual(self.client.config_get("timeout"), {"timeout": "1234"})
        self.assertTrue(self.client.config_set("timeout", before))
        with self.assertRaises(redis.ResponseError):
            self.client.config_set("nosuchoption", 1)

    def test_describes_commands(self):
        commands = self.client.command()
        self.assertEqual(commands["get"]["arity"], 2)
        self.assertIn("readonly", commands["get"]["flags"])
        self.assertEqual(self.client.command_count(), len(commands))

    def test_time(self):
        seconds, microseconds = self.client.time()
        self.assertLess(abs(seconds - time.time()), 60)
        self.assertLess(microseconds, 1_000_000)

    def test_memory(self):
        self.client.set("k", "v" * 1000)
        self.assertGreater(self.client.memory_usage("k"), 1000)
        self.assertEqual(self.client.memory_stats()["keys.count"], 1)


if __name__ == "__main__":
    unittest.main()
