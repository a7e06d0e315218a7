// What a Node program sees through node-redis. Run by node_clients_test.cc, or by hand:
//
//   LARDER_PORT=6379 NODE_PATH=build/node/node_modules node tests/integration/node/node_redis_test.cjs
"use strict";

const { test } = require("node:test");
const {
  BasicPooledClientSideCache,
  createClient,
  createClientPool,
  ErrorReply,
  WatchError,
} = require("redis");
const { assert, bound, eventually, Inbox, port } = require("./support.cjs");

// An open client for a test, which is closed behind it.
async function connect(t, options = {}) {
  const client = createClient({ socket: { host: "127.0.0.1", port }, ...options });
  client.on("error", () => {});
  await client.connect();
  t.after(() => client.destroy());
  return client;
}

for (const RESP of [2, 3]) {
  test(`RESP${RESP}: replies have the types that the library expects`, bound, async (t) => {
    const client = await connect(t, { RESP });
    await client.flushAll();
    assert.equal(await client.ping(), "PONG");
    assert.equal(await client.set("text", "Speisekammer \u2603"), "OK");
    assert.equal(await client.get("text"), "Speisekammer \u2603");
    assert.equal(await client.get("none"), null);
    assert.equal(await client.incrBy("number", 41), 41);
    assert.deepEqual({ ...(await client.hGetAll("none")) }, {});
    await client.hSet("hash", { a: "1", b: "2" });
    assert.deepEqual({ ...(await client.hGetAll("hash")) }, { a: "1", b: "2" });
    await client.zAdd("board", [{ score: 1.5, value: "ann" }, { score: 2, value: "bob" }]);
    assert.deepEqual(await client.zRangeWithScores("board", 0, -1), [
      { value: "ann", score: 1.5 },
      { value: "bob", score: 2 },
    ]);
    await client.xAdd("stream", "1-1", { field: "value" });
    const [entry] = await client.xRange("stream", "-", "+");
    assert.equal(entry.id, "1-1");
    assert.deepEqual({ ...entry.message }, { field: "value" });
    await assert.rejects(client.incr("text"), ErrorReply);
    const replies = await Promise.all(Array.from({ length: 1000 }, () => client.incr("many")));
    assert.deepEqual(replies, Array.from({ length: 1000 }, (_, i) => i + 1));
    const found = [];
    for await (const keys of client.scanIterator({ MATCH: "*a*" })) found.push(...keys);
    assert.deepEqual(found.sort(), ["board", "hash", "many", "stream"]);
  });

  test(`RESP${RESP}: transactions`, bound, async (t) => {
    const client = await connect(t, { RESP });
    const other = await connect(t, { RESP });
    await client.flushAll();
    assert.deepEqual(await client.multi().set("k", "1").incr("k").get("k").exec(), ["OK", 2, "2"]);
    assert.deepEqual(await client.multi().exec(), []);

    await client.watch("k");
    await other.set("k", "10");
    await assert.rejects(client.multi().incr("k").exec(), WatchError);
    assert.equal(await client.get("k"), "10");
    await client.watch("k");
    assert.deepEqual(await client.multi().incr("k").exec(), [11]);
    await client.watch("k");
    await other.set("k", "20");
    await client.unwatch();
    assert.deepEqual(await client.multi().incr("k").exec(), [21]);

    // An error of one command leaves the others; one that cannot be queued ends it.
    await client.set("text", "a");
    await assert.rejects(client.multi().incr("text").set("behind", "1").exec(), (error) => {
      assert.deepEqual([...error.errorIndexes], [0]);
      return true;
    });
    assert.equal(await client.get("behind"), "1");
    await assert.rejects(client.multi().addCommand(["NONSENSE"]).set("never", "1").exec());
    assert.equal(await client.exists("never"), 0);
  });

  test(`RESP${RESP}: channels, patterns and shard channels`, bound, async (t) => {
    const publisher = await connect(t, { RESP });
    const subscriber = await connect(t, { RESP });
    const inbox = new Inbox();
    await subscriber.subscribe("news", (message, channel) => inbox.put(channel, message));
    await subscriber.pSubscribe("n*", (message, channel) => inbox.put("pattern", channel, message));
    await subscriber.sSubscribe("shard", (message, channel) => inbox.put("shard", channel, message));
    assert.equal(await publisher.publish("news", "one"), 2);
    assert.deepEqual(await inbox.next(), ["news", "one"]);
    assert.deepEqual(await inbox.next(), ["pattern", "news", "one"]);
    assert.equal(await publisher.sPublish("shard", "two"), 1);
    assert.deepEqual(await inbox.next(), ["shard", "shard", "two"]);
    assert.deepEqual({ ...(await publisher.pubSubNumSub(["news", "none"])) }, { news: 1, none: 0 });
    assert.equal(await publisher.pubSubNumPat(), 1);
    if (RESP === 3) assert.equal(await subscriber.ping(), "PONG");
    await subscriber.unsubscribe("news");
    await subscriber.sUnsubscribe();
    assert.equal(await publisher.publish("news", "three"), 1);
    assert.deepEqual(await inbox.next(), ["pattern", "news", "three"]);
    await subscriber.pUnsubscribe();
    assert.equal(await publisher.publish("news", "four"), 0);
    // It is a client like any other again.
    assert.equal(String(await subscriber.set("k", "v")), "OK");
    assert.ok(inbox.isEmpty);
  });

  test(`RESP${RESP}: subscribes again after its connection was closed`, bound, async (t) => {
    const client = await connect(t, { RESP });
    const subscriber = await connect(t, { RESP, name: `listener-${RESP}` });
    const inbox = new Inbox();
    await subscriber.subscribe("news", (message) => inbox.put(message));
    const lines = (await client.sendCommand(["CLIENT", "LIST"])).toString().split("\n");
    const id = lines.find((line) => line.includes(`name=listener-${RESP}`)).match(/id=(\d+)/)[1];
    assert.equal(await client.sendCommand(["CLIENT", "KILL", "ID", id]), 1);
    await eventually(async () => (await client.publish("news", "back")) === 1);
    assert.deepEqual(await inbox.next(), ["back"]);
  });
}

test("the client-side cache is told of every change", bound, async (t) => {
  const clientSideCache = { ttl: 0, maxEntries: 0, evictPolicy: "LRU" };
  const client = await connect(t, { RESP: 3, clientSideCache, name: "caching" });
  const other = await connect(t);
  await other.flushAll();
  await other.set("k", "1");
  assert.equal(await client.get("k"), "1");
  const reads = async () => {
    const stats = await other.info("commandstats");
    return Number(/cmdstat_get:calls=(\d+)/.exec(stats)?.[1] ?? 0);
  };
  const before = await reads();
  for (let i = 0; i < 10; i++) assert.equal(await client.get("k"), "1");
  assert.equal(await reads(), before, "these come from the cache");
  // Another's change, its own, that of a transaction, the end of its time, and of everything.
  await other.set("k", "2");
  await eventually(async () => (await client.get("k")) === "2");
  await client.set("k", "3");
  await eventually(async () => (await client.get("k")) === "3");
  await other.multi().del("k").set("k", "4").exec();
  await eventually(async () => (await client.get("k")) === "4");
  await other.pExpire("k", 5);
  await eventually(async () => (await client.get("k")) === null);
  await other.set("k", "5");
  await eventually(async () => (await client.get("k")) === "5");
  await other.flushAll();
  await eventually(async () => (await client.get("k")) === null);
  assert.equal((await client.sendCommand(["CLIENT", "TRACKINGINFO"])).flags.join(), "on");
});

test("a pool shares a client-side cache", bound, async (t) => {
  const clientSideCache = new BasicPooledClientSideCache({ ttl: 0, maxEntries: 0 });
  const pool = createClientPool(
    { RESP: 3, socket: { host: "127.0.0.1", port } }, { minimum: 2, maximum: 4, clientSideCache });
  await pool.connect();
  t.after(() => pool.destroy());
  const other = await connect(t);
  await other.set("pooled", "1");
  assert.equal(await pool.get("pooled"), "1");
  for (let i = 0; i < 20; i++) assert.equal(await pool.get("pooled"), "1");
  assert.ok(clientSideCache.stats().hitCount >= 19);
  await other.set("pooled", "2");
  await eventually(async () => (await pool.get("pooled")) === "2");
});

test("raw tracking: RESP3 pushes", bound, async (t) => {
  const other = await connect(t);
  await other.flushAll();
  // This switches tracking on by itself.
  const client = await connect(t, { RESP: 3, emitInvalidate: true });
  const inbox = new Inbox();
  client.on("invalidate", (key) => inbox.put(key === null ? null : key.toString()));
  await client.get("k");
  await other.set("k", "1");
  assert.deepEqual(await inbox.next(), ["k"]);
  await client.sendCommand(["CLIENT", "TRACKING", "ON", "OPTIN"]);
  await other.mSet({ a: "1", b: "1" });
  await client.get("a");
  await client.sendCommand(["CLIENT", "CACHING", "YES"]);
  await client.get("b");
  await other.mSet({ a: "2", b: "2" });
  assert.deepEqual(await inbox.next(), ["b"]);
  await client.sendCommand(["CLIENT", "TRACKING", "OFF"]);
  await client.sendCommand(["CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "user:", "NOLOOP"]);
  await client.set("user:1", "own");
  await other.mSet({ "user:2": "x", "other": "x" });
  assert.deepEqual(await inbox.next(), ["user:2"]);
  await other.flushAll();
  assert.deepEqual(await inbox.next(), [null]);
  assert.ok(inbox.isEmpty);
});

test("raw tracking: RESP2 through a subscriber", bound, async (t) => {
  const client = await connect(t);
  const subscriber = await connect(t);
  const other = await connect(t);
  await other.flushAll();
  const inbox = new Inbox();
  const id = await subscriber.sendCommand(["CLIENT", "ID"]);
  await subscriber.subscribe("__redis__:invalidate", (keys) => inbox.put(keys));
  await client.sendCommand(["CLIENT", "TRACKING", "ON", "REDIRECT", String(id)]);
  await client.get("a");
  await other.set("a", "1");
  assert.deepEqual(await inbox.next(), [["a"]]);
  await other.flushAll();
  assert.deepEqual(await inbox.next(), [null]);
});
