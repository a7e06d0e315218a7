// What a Node program sees through ioredis. Run by node_clients_test.cc, or by hand:
//
//   LARDER_PORT=6379 NODE_PATH=build/node/node_modules node tests/integration/node/ioredis_test.cjs
"use strict";

const { test } = require("node:test");
const Redis = require("ioredis");
const { assert, bound, eventually, Inbox, port } = require("./support.cjs");

// A client for a test, which is closed behind it.
function connect(t, options = {}) {
  const client = new Redis({ host: "127.0.0.1", port, retryStrategy: () => 5, ...options });
  client.on("error", () => {});
  t.after(() => client.disconnect());
  return client;
}

test("connects, and asks whether the server is ready", bound, async (t) => {
  const client = connect(t, { connectionName: "ioredis", db: 3 });
  await client.flushall();
  assert.equal(await client.ping(), "PONG");
  assert.equal(client.status, "ready");
  assert.equal(await client.client("GETNAME"), "ioredis");
  await client.set("k", "v", "EX", 100);
  assert.equal(await client.ttl("k"), 100);
  assert.deepEqual(await client.getBuffer("k"), Buffer.from("v"));
  await client.hset("hash", { a: 1, b: 2 });
  assert.deepEqual(await client.hgetall("hash"), { a: "1", b: "2" });
  await assert.rejects(client.lpush("k", "1"), /WRONGTYPE/);
});

test("pipelines", bound, async (t) => {
  const client = connect(t, { enableAutoPipelining: true });
  await client.flushall();
  const replies = await client.pipeline().set("k", "a").incr("k").get("k").exec();
  assert.equal(replies[0][1], "OK");
  assert.match(replies[1][0].message, /not an integer/);
  assert.equal(replies[2][1], "a");
  const counted = await Promise.all(Array.from({ length: 500 }, () => client.incr("n")));
  assert.deepEqual(counted, Array.from({ length: 500 }, (_, i) => i + 1));
  const found = [];
  for await (const keys of client.scanStream({ match: "*", count: 1 })) found.push(...keys);
  assert.deepEqual(found.sort(), ["k", "n"]);
});

test("transactions", bound, async (t) => {
  const client = connect(t);
  const other = connect(t);
  await client.flushall();
  assert.deepEqual(await client.multi().set("k", "1").incr("k").exec(), [
    [null, "OK"],
    [null, 2],
  ]);
  await client.watch("k");
  await other.set("k", "10");
  assert.equal(await client.multi().incr("k").exec(), null);
  await client.multi({ pipeline: false });
  assert.equal(await client.get("k"), "QUEUED");
  await client.discard();
  assert.equal(await client.get("k"), "10");
  // What cannot be queued ends the transaction.
  await assert.rejects(client.multi().set("never").set("k", "1").exec(), /EXECABORT/);
  assert.equal(await client.get("k"), "10");
});

test("channels, patterns and shard channels", bound, async (t) => {
  const publisher = connect(t);
  const subscriber = connect(t);
  const inbox = new Inbox();
  subscriber.on("message", (channel, message) => inbox.put(channel, message));
  subscriber.on("pmessage", (pattern, channel, message) => inbox.put(pattern, channel, message));
  subscriber.on("smessage", (channel, message) => inbox.put("shard", channel, message));
  assert.equal(await subscriber.subscribe("a", "b"), 2);
  assert.equal(await subscriber.psubscribe("a*"), 3);
  assert.equal(await subscriber.ssubscribe("s"), 1);
  assert.equal(await publisher.publish("a", "1"), 2);
  assert.deepEqual(await inbox.next(), ["a", "1"]);
  assert.deepEqual(await inbox.next(), ["a*", "a", "1"]);
  assert.equal(await publisher.spublish("s", "2"), 1);
  assert.deepEqual(await inbox.next(), ["shard", "s", "2"]);
  assert.equal(await subscriber.unsubscribe("a", "b"), 1);
  assert.equal(await subscriber.punsubscribe(), 0);
  assert.equal(await subscriber.sunsubscribe(), 0);
  assert.equal(await subscriber.set("k", "v"), "OK");
});

test("subscribes again after its connection was closed", bound, async (t) => {
  const client = connect(t);
  const subscriber = connect(t, { connectionName: "listener" });
  const inbox = new Inbox();
  subscriber.on("message", (channel, message) => inbox.put(message));
  await subscriber.subscribe("news");
  const line = (await client.client("LIST")).split("\n").find((l) => l.includes("name=listener"));
  assert.equal(await client.client("KILL", "ID", line.match(/id=(\d+)/)[1]), 1);
  await eventually(async () => (await client.publish("news", "back")) === 1);
  assert.deepEqual(await inbox.next(), ["back"]);
});

test("notifications about keys", bound, async (t) => {
  const client = connect(t);
  const subscriber = connect(t);
  const inbox = new Inbox();
  await client.config("SET", "notify-keyspace-events", "Ex");
  subscriber.on("message", (channel, key) => inbox.put(channel, key));
  await subscriber.subscribe("__keyevent@0__:expired");
  await client.set("short", "1", "PX", 5);
  assert.deepEqual(await inbox.next(), ["__keyevent@0__:expired", "short"]);
  await client.config("SET", "notify-keyspace-events", "");
});

test("tracking through a subscriber", bound, async (t) => {
  const client = connect(t);
  const subscriber = connect(t);
  const other = connect(t);
  await other.flushall();
  const inbox = new Inbox();
  const id = await subscriber.client("ID");
  subscriber.on("messageBuffer", (channel, keys) => {
    inbox.put(channel.toString(), keys === null ? null : keys.map((key) => key.toString()));
  });
  await subscriber.subscribe("__redis__:invalidate");
  assert.equal(await client.client("TRACKING", "ON", "REDIRECT", id), "OK");
  assert.equal(await client.client("GETREDIR"), id);
  await client.mget("a", "b");
  await other.set("a", "1");
  assert.deepEqual(await inbox.next(), ["__redis__:invalidate", ["a"]]);
  await client.set("b", "1");
  assert.deepEqual(await inbox.next(), ["__redis__:invalidate", ["b"]]);
  await other.flushall();
  assert.deepEqual(await inbox.next(), ["__redis__:invalidate", null]);
  await client.client("TRACKING", "OFF");
  await client.client("TRACKING", "ON", "REDIRECT", id, "BCAST", "PREFIX", "user:");
  await other.mset("user:2", "1", "user:1", "1", "other", "1");
  assert.deepEqual(await inbox.next(), ["__redis__:invalidate", ["user:1", "user:2"]]);
  assert.ok(inbox.isEmpty);
});
