package io.varve.launcher.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.varve.control.rpc.ControlClient;
import io.varve.control.rpc.ControlService;
import io.varve.testsupport.BlkRequest;
import io.varve.testsupport.FrontEnd;
import io.varve.testsupport.FrontEndChannel;
import io.varve.testsupport.FrontEndOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One volume is served to a guest that must notice nothing, while others and the control socket suffer. */
@Timeout(60)
@SuppressWarnings("try")
class IsolationTest {
    private static final int HOSTILE_SESSIONS = 300;

    @TempDir
    private Path home;

    private DaemonRig rig;
    private VarveProcess daemon;
    private Load load;

    @BeforeEach
    void serve() throws IOException, InterruptedException {
        rig = new DaemonRig(home);
        rig.create("one");
        rig.create("two");
        daemon = VarveProcess.daemon(home);
        load = new Load(rig.attach("one"));
    }

    @AfterEach
    void end() throws IOException, InterruptedException {
        load.expectProgress();
        load.end();
        load.close();
        daemon.signal("TERM");
        assertThat(daemon.awaitExit()).isZero();
        daemon.close();
    }

    @Test
    void hostileFrontEndsOfAnotherVolume() throws IOException {
        final Path socket = rig.attach("two");
        final Random random = new Random(42);
        for (int i = 0; i < HOSTILE_SESSIONS; i++) {
            try (FrontEndChannel hostile = FrontEndChannel.connect(socket)) {
                final byte[] noise = new byte[4 + random.nextInt(400)];
                random.nextBytes(noise);
                if (i % 2 == 0) {
                    ByteBuffer.wrap(noise)
                            .order(java.nio.ByteOrder.LITTLE_ENDIAN)
                            .putInt(0, random.nextInt(45));
                }
                hostile.sendBytes(ByteBuffer.wrap(noise));
            }
        }
        load.expectProgress();
        try (FrontEnd honest = FrontEnd.started(socket, FrontEndOptions.DEFAULT)) {
            assertThat(honest.run(BlkRequest.flush()).status()).isEqualTo(BlkRequest.OK);
        }
        assertThat(rig.status("two").get("state")).isEqualTo("serving");
    }

    @Test
    void badControlClients() throws IOException, InterruptedException {
        final List<RawClient> idle = new ArrayList<>();
        for (int i = 0; i < ControlService.MAX_CONNECTIONS + 10; i++) {
            final RawClient client = new RawClient(VarveProcess.control(home));
            if (i % 2 == 0) {
                client.send("{\"jsonrpc\":");
            }
            idle.add(client);
        }
        await().until(() -> "serving".equals(rig.status("one").get("state")));
        idle.getFirst().awaitEnd();

        try (RawClient huge = new RawClient(VarveProcess.control(home))) {
            huge.send("x".repeat(64 << 10));
            assertThat(huge.line()).contains("the line is longer than 65536 bytes");
            huge.awaitEnd();
        }
        try (RawClient deaf = new RawClient(VarveProcess.control(home))) {
            final Thread flood = new Thread(() -> deaf.sendUntilDropped(call("status", "{}") + "\n"));
            flood.start();
            load.expectProgress();
            assertThat(rig.status("one").get("state")).isEqualTo("serving");
            flood.join();
        }
        for (final RawClient client : idle) {
            client.close();
        }
    }

    @Test
    void whatIsNoCallIsAnsweredWithAnErrorAndTheConnectionGoesOn() throws IOException {
        try (RawClient client = new RawClient(VarveProcess.control(home))) {
            expect(client, "garbage", -32700, "null");
            expect(client, "", -32700, "null");
            expect(client, "{\"a\":1} {}", -32700, "null");
            expect(client, "{\"a\":1,\"a\":2}", -32700, "null");
            expect(client, "[".repeat(20_000), -32700, "null");
            expect(client, "\u0000", -32700, "null");
            expect(client, "[]", -32600, "null");
            expect(client, "7", -32600, "null");
            expect(client, "{\"jsonrpc\":\"2.0\",\"id\":1}", -32600, "1");
            expect(client, "{\"jsonrpc\":\"1.0\",\"id\":\"x\",\"method\":\"status\"}", -32600, "\"x\"");
            expect(client, "{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"status\"}", -32600, "null");
            expect(client, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"nothing\"}", -32601, "2");
            expect(client, call("status", "[]"), -32602, "3");
            expect(client, call("status", "{\"volum\":\"x\"}"), -32602, "3");
            expect(client, call("status", "{\"volume\":7}"), -32602, "3");
            expect(client, call("status", "{\"volume\":\"x\"}"), -32000, "3");
            expect(client, call("attach", "{}"), -32602, "3");
            expect(client, call("attach", "{\"volume\":\"two\",\"read_only\":1}"), -32602, "3");
            expect(client, call("attach", "{\"volume\":\"two\",\"settings\":{\"log\":\"off\"}}"), -32000, "3");
            expect(client, call("attach", "{\"volume\":\"two\",\"settings\":{\"cache-size\":1}}"), -32602, "3");
            expect(client, call("attach", "{\"volume\":\"two\",\"settings\":[]}"), -32602, "3");
            expect(client, call("attach", "{\"volume\":\"two\",\"socket_path\":\"x\"}"), -32000, "3");
            expect(client, call("attach", "{\"volume\":\"two\",\"socket_path\":\"/\\u0000\"}"), -32000, "3");
            expect(client, call("attach", "{\"volume\":\"../../x\"}"), -32000, "3");
            expect(client, call("detach", "{\"volume\":\"\"}"), -32602, "3");

            client.send("{\"jsonrpc\":\"2.0\",\"method\":\"status\"}\n" + call("status", "{}") + "\n");
            assertThat(client.line()).startsWith("{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{");
            final byte[] line = (call("status", "{}") + "\n").getBytes(StandardCharsets.UTF_8);
            for (final byte each : line) {
                client.send(each);
            }
            assertThat(client.line()).contains("\"result\"");
            client.send((byte) 0xff, (byte) '\n');
            assertThat(client.line()).contains("-32700");
        }
    }

    @Test
    void callsThatWaitDoNotKeepOthersFromAsking() throws IOException, InterruptedException {
        rig.takeStoreAway("two");
        final List<ControlClient> clients = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            final ControlClient client = rig.client();
            clients.add(client);
            final Thread thread = new Thread(() -> assertThat(
                            rig.run("attach", "two", "--store", rig.url("two")).status())
                    .isNotZero());
            thread.start();
        }
        for (final ControlClient client : clients) {
            assertThat(client.call("status", Map.of())).containsKey("pid");
            client.close();
        }
    }

    private static String call(final String method, final String params) {
        return "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"" + method + "\",\"params\":" + params + "}";
    }

    private static void expect(final RawClient client, final String line, final int code, final String id)
            throws IOException {
        client.send(line + "\n");
        assertThat(client.line())
                .as(line)
                .startsWith("{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"error\":{\"code\":" + code + ",\"message\":\"");
    }
}
