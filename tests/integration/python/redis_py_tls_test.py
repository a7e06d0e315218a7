"""What a Python program sees through redis-py over TLS. Run by tls_peers_test.cc.

The server knows a user "anna" and takes users from certificates; it empties database 0.
"""

import os
import unittest

import redis

TRUST = {"ssl": True, "ssl_ca_certs": os.environ["LARDER_CA"], "ssl_check_hostname": True}
OWN = {"ssl_certfile": os.environ["LARDER_CERTIFICATE"], "ssl_keyfile": os.environ["LARDER_KEY"]}


def connect(**options):
    return redis.Redis(host="127.0.0.1", port=int(os.environ["LARDER_TLS_PORT"]), socket_timeout=20,
                       **TRUST, **options)


class Tls(unittest.TestCase):
    def setUp(self):
        self.client = connect(**OWN)
        self.addCleanup(self.client.close)
        self.client.flushdb()

    def test_the_certificate_is_the_login(self):
        self.assertEqual(self.client.acl_whoami(), "anna")

    def test_without_a_certificate_nobody_gets_in(self):
        with self.assertRaises(redis.ConnectionError):
            connect().ping()

    def test_values_of_every_size(self):
        for size in [0, 1, 16384, 16385, 1_000_000]:
            value = os.urandom(size)
            self.client.set("k", value)
            self.assertEqual(self.client.get("k"), value)

    def test_pipelines_and_transactions(self):
        with self.client.pipeline(transaction=True) as pipeline:
            for i in range(1000):
                pipeline.set(f"key:{i}", i)
            self.assertEqual(pipeline.execute(), [True] * 1000)
        self.assertEqual(self.client.dbsize(), 1000)

    def test_messages(self):
        with self.client.pubsub() as listener:
            listener.subscribe("news")
            self.assertEqual(listener.get_message(timeout=20)["type"], "subscribe")
            self.client.publish("news", "today")
            self.assertEqual(listener.get_message(timeout=20)["data"], b"today")

    def test_many_connections(self):
        pool = redis.ConnectionPool.from_url(
            f"rediss://127.0.0.1:{os.environ['LARDER_TLS_PORT']}", ssl_ca_certs=os.environ["LARDER_CA"],
            max_connections=30, **OWN)
        connections = [pool.get_connection("PING") for _ in range(30)]
        for connection in connections:
            connection.send_command("PING")
        self.assertEqual([connection.read_response() for connection in connections], [b"PONG"] * 30)
        pool.disconnect()


if __name__ == "__main__":
    unittest.main()
