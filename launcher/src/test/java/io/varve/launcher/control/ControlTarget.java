package io.varve.launcher.control;

import io.varve.control.Methods;
import io.varve.control.rpc.ControlChannel;
import io.varve.control.rpc.ControlService;
import io.varve.control.rpc.Events;
import io.varve.launcher.config.Environment;
import io.varve.launcher.config.Settings;
import io.varve.launcher.daemon.Daemon;
import io.varve.launcher.daemon.ServedVolume;
import io.varve.launcher.daemon.SharedReadCache;
import io.varve.launcher.daemon.VolumeListener;
import io.varve.lsvd.VolumeStats;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.NoSuchObjectException;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreException;
import io.varve.lsvd.store.StoredObject;
import io.varve.testsupport.fuzz.FuzzTarget;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import tools.jackson.core.JacksonException;
import tools.jackson.jr.ob.JSON;

/**
 * Lines at the control socket of a daemon that has no volumes, over a store that holds nothing and takes nothing: so a volume that is
 * attached begins to be opened, on a thread of its own, and is not found. Every answer is one line of JSON, and none
 * tells of a fault in Varve.
 */
public final class ControlTarget implements FuzzTarget {
    private static final int MOST_LINES = 16;
    private static final int MOST_BYTES = 16 << 10;

    /** Of a fault in Varve. */
    private static final int INTERNAL_ERROR = -32603;

    private ControlService service;

    /** The service of a daemon, which is made when it is first needed. */
    private ControlService service() {
        if (service == null) {
            final Settings settings = Settings.load(
                    null,
                    new Environment(Map.of("HOME", "/tmp", "VARVE_CONFIG", "/dev/null", "VARVE_CONTROL", "/tmp/c")));
            final Daemon daemon = new Daemon(new Silent(), new SharedReadCache(Path.of("/tmp"), 0));
            final Events events = new Events();
            final AttachWork attachments =
                    new AttachWork(daemon, settings, own -> new EmptyStore(), new Attachments(Path.of("/tmp/c")));
            final VolumeScope scope = new VolumeScope(daemon, settings, own -> new EmptyStore(), events);
            service = new ControlService(new Calls(attachments, scope), events, "fuzzed");
        }
        return service;
    }

    @Override
    public String name() {
        return "control-socket";
    }

    @Override
    public long mostAllocated(final int length) {
        return (16L << 20) + 4096L * length;
    }

    @Override
    public int sampled() {
        return 3_000;
    }

    @Override
    public List<byte[]> seeds() {
        final List<byte[]> seeds = new ArrayList<>();
        for (final String method : Methods.names()) {
            seeds.add(line(
                    method,
                    "\"volume\":\"a\",\"snapshot\":\"s\",\"settings\":{\"store\":\"file:///tmp/x\"},\"to\":\"t\""));
            seeds.add(line(method, "\"volume\":\"a\""));
        }
        seeds.add(
                line("volume.create", "\"volume\":\"a\",\"size_bytes\":1048576,\"changes\":{\"durability\":\"log\"}"));
        seeds.add(line("volume.clone", "\"volume\":\"b\",\"from\":\"a@s\",\"size_bytes\":4096"));
        seeds.add(line("volume.set", "\"volume\":\"a\",\"changes\":{\"max-unsent-age\":\"5s\"}"));
        seeds.add(line("attach", "\"volume\":\"a\",\"socket_path\":\"/tmp/s\",\"read_only\":true"));
        seeds.add(line("attach", "\"volume\":\"a\",\"take_over\":true,\"shared\":true,\"accept_data_loss\":true"));
        seeds.add(line("attach", "\"volume\":\"a@s\",\"nbd\":[\"unix:/tmp/n\"],\"allow_unfit_store\":true"));
        seeds.add(line("attach", "\"volume\":\"a\",\"nbd\":[\"unix:/tmp/n\"],\"nbd_tls\":\"/\\u0000\""));
        seeds.add(line("detach", "\"volume\":\"a\",\"abandon_store\":true"));
        seeds.add("{\"jsonrpc\":\"2.0\",\"method\":\"status\"}\n[]\n\n\"x\"\n{\"a\":1,\"a\":2}\n"
                .getBytes(StandardCharsets.UTF_8));
        return seeds;
    }

    private static byte[] line(final String method, final String params) {
        return ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" + method + "\",\"params\":{" + params + "}}\n")
                .getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public void run(final byte[] input) throws IOException {
        final Client client = new Client(input, length(input));
        service().serve(client);
        check(client.answers.toString(StandardCharsets.UTF_8));
    }

    /** So many bytes that they have no more than the most lines. */
    private static int length(final byte[] input) {
        int count = 0;
        int end = 0;
        while (end < Math.min(input.length, MOST_BYTES) && count < MOST_LINES) {
            count += input[end++] == '\n' ? 1 : 0;
        }
        return end;
    }

    /** Sends what it has, takes what it is sent, and is gone then. */
    private static final class Client implements ControlChannel {
        private final ByteBuffer sent;
        private final ByteArrayOutputStream answers = new ByteArrayOutputStream();

        private Client(final byte[] sent, final int length) {
            this.sent = ByteBuffer.wrap(sent, 0, length);
        }

        @Override
        public int read(final ByteBuffer target) {
            final int count = Math.min(target.remaining(), sent.remaining());
            target.put(sent.slice(sent.position(), count));
            sent.position(sent.position() + count);
            return count == 0 ? -1 : count;
        }

        @Override
        public void write(final ByteBuffer bytes) {
            answers.write(bytes.array(), bytes.arrayOffset() + bytes.position(), bytes.remaining());
        }

        @Override
        public boolean isPeerGone() {
            return !sent.hasRemaining();
        }

        @Override
        public void shutdown() {}

        @Override
        public void close() {}
    }

    private static void check(final String answers) {
        for (final String answer : answers.split("\n")) {
            if (answer.isEmpty()) {
                continue;
            }
            final Map<String, Object> line;
            try {
                line = JSON.std.mapFrom(answer);
            } catch (final JacksonException e) {
                throw new AssertionError("an answer is no JSON: " + answer, e);
            }
            final boolean isError = line.get("error") instanceof Map<?, ?>;
            if (isError == line.containsKey("result")
                    || isError && ((Map<?, ?>) line.get("error")).get("code").equals(INTERNAL_ERROR)) {
                throw new AssertionError("the answer is " + answer);
            }
        }
    }

    private static final class Silent implements VolumeListener {
        @Override
        public void onRetry(final ServedVolume volume, final String reason) {}

        @Override
        public void onWaiting(final ServedVolume volume, final String reason) {}

        @Override
        public void onReady(final ServedVolume volume) {}

        @Override
        public void onFailing(final ServedVolume volume, final String reason) {}

        @Override
        public void onShipping(final ServedVolume volume, final long unsentBytes) {}

        @Override
        public void onEnded(final ServedVolume volume, final VolumeStats left) {}

        @Override
        public void onDied(final ServedVolume volume, final String reason) {}
    }

    /** Nothing is in it, and nothing gets in. It is asked for keys only that a store has. */
    private static final class EmptyStore implements ObjectStore {
        @Override
        public CompletableFuture<Boolean> putIfAbsent(final String key, final MemorySegment body) {
            checkKey(key);
            return CompletableFuture.failedFuture(new StoreException("the store takes nothing"));
        }

        @Override
        public CompletableFuture<Integer> get(final String key, final long offset, final MemorySegment target) {
            checkKey(key);
            return CompletableFuture.failedFuture(new NoSuchObjectException(key));
        }

        @Override
        public CompletableFuture<List<StoredObject>> list(final String prefix, final String after, final int limit) {
            if (!Keys.isPrefix(prefix)) {
                throw new AssertionError("a list of '" + prefix + "' is asked for");
            }
            return CompletableFuture.completedFuture(List.of());
        }

        @Override
        public CompletableFuture<Void> delete(final String key) {
            checkKey(key);
            return CompletableFuture.completedFuture(null);
        }

        private static void checkKey(final String key) {
            if (!Keys.isValid(key)) {
                throw new AssertionError("'" + key + "' is asked for");
            }
        }

        @Override
        public String url() {
            return "memory";
        }

        @Override
        public void close() {}
    }
}
