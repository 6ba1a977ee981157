package io.varve.hostdisks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.linux.StreamSocket;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Against a server over TCP that answers what a test wants it to. */
@Timeout(20)
class NbdHandshakeTest {
    private static final int LIMIT_MS = 10_000;
    private static final long SIZE = 5L << 30;
    private static final int FLAGS = 0x56d;

    private ServerSocket server;
    private StreamSocket client;
    private Socket accepted;

    @BeforeEach
    void connect() throws IOException, HostDiskException {
        server = new ServerSocket();
        server.bind(new InetSocketAddress("127.0.0.1", 0));
        client = new ServerAddress("127.0.0.1:" + server.getLocalPort()).connect(LIMIT_MS);
        accepted = server.accept();
    }

    @AfterEach
    void close() throws IOException {
        client.close();
        accepted.close();
        server.close();
    }

    private NbdHandshake handshake() {
        return new NbdHandshake(client, "data", LIMIT_MS);
    }

    private static ByteBuffer greeting() {
        return ByteBuffer.allocate(18)
                .putLong(NbdHandshake.GREETING)
                .putLong(NbdHandshake.OPTION)
                .putShort((short) 3)
                .flip();
    }

    private static ByteBuffer reply(final int option, final int kind, final ByteBuffer data) {
        return ByteBuffer.allocate(20 + data.remaining())
                .putLong(NbdHandshake.OPTION_REPLY)
                .putInt(option)
                .putInt(kind)
                .putInt(data.remaining())
                .put(data)
                .flip();
    }

    private static ByteBuffer export() {
        return ByteBuffer.allocate(12)
                .putShort((short) 0)
                .putLong(SIZE)
                .putShort((short) FLAGS)
                .flip();
    }

    private void send(final ByteBuffer... messages) throws IOException {
        for (final ByteBuffer message : messages) {
            accepted.getOutputStream().write(message.array(), 0, message.limit());
        }
    }

    @Test
    void asksForTheExportAndTakesItsSizeAndFlags() throws Exception {
        final CompletableFuture<byte[]> asked = CompletableFuture.supplyAsync(() -> {
            try {
                return new DataInputStream(accepted.getInputStream()).readNBytes(4 + 16 + 6 + 4);
            } catch (final IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
        send(
                greeting(),
                // What was not asked for is passed over.
                reply(
                        NbdHandshake.OPT_GO,
                        3,
                        ByteBuffer.allocate(14).putShort((short) 3).position(14).flip()),
                reply(NbdHandshake.OPT_GO, 3, export()),
                reply(NbdHandshake.OPT_GO, NbdHandshake.REP_ACK, ByteBuffer.allocate(0)));
        assertThat(handshake().begin()).isEqualTo(new NbdExport(SIZE, FLAGS));
        final ByteBuffer bytes = ByteBuffer.wrap(asked.get(LIMIT_MS, TimeUnit.MILLISECONDS));
        assertThat(bytes.getInt()).isEqualTo(NbdHandshake.CLIENT_FLAGS);
        assertThat(bytes.getLong()).isEqualTo(NbdHandshake.OPTION);
        assertThat(bytes.getInt()).isEqualTo(NbdHandshake.OPT_GO);
        assertThat(bytes.getInt()).isEqualTo(10);
        assertThat(bytes.getInt()).isEqualTo(4);
        assertThat(StandardCharsets.UTF_8.decode(bytes.slice(24, 4)).toString()).isEqualTo("data");
        assertThat(bytes.getShort(28)).isZero();
    }

    @Test
    void saysWhyTheServerRefuses() throws Exception {
        send(greeting(), reply(NbdHandshake.OPT_GO, NbdHandshake.REP_ERR_TLS_REQD, ByteBuffer.allocate(0)));
        assertThatThrownBy(handshake()::begin)
                .isInstanceOf(HostDiskException.class)
                .hasMessage("the NBD server wants TLS, which the kernel's client does not speak");
    }

    @Test
    void saysThatThereIsNoSuchDisk() throws Exception {
        send(greeting(), reply(NbdHandshake.OPT_INFO, NbdHandshake.REP_ERR_UNKNOWN, ByteBuffer.allocate(0)));
        assertThatThrownBy(handshake()::look).hasMessage("the NBD server has no disk 'data'");
    }

    @Test
    void refusesWhatIsNoNbdServer() throws Exception {
        send(ByteBuffer.wrap("HTTP/1.0 400 Bad Request\r\n".getBytes(StandardCharsets.US_ASCII)));
        assertThatThrownBy(handshake()::begin).hasMessageContaining("no NBD server");
    }

    @Test
    void refusesAnswersToSomethingElseAndSuchAsAreTooLong() throws Exception {
        send(greeting(), reply(NbdHandshake.OPT_INFO, NbdHandshake.REP_ACK, ByteBuffer.allocate(0)));
        assertThatThrownBy(handshake()::begin).hasMessageContaining("answers something else");
    }

    @Test
    void refusesConsentThatTellsNoSize() throws Exception {
        send(greeting(), reply(NbdHandshake.OPT_GO, NbdHandshake.REP_ACK, ByteBuffer.allocate(0)));
        assertThatThrownBy(handshake()::begin).isInstanceOf(HostDiskException.class);
    }

    @Test
    void noticesAServerThatEndsOrSaysNothing() throws Exception {
        assertThatThrownBy(new NbdHandshake(client, "data", 50)::begin).hasMessageContaining("ETIMEDOUT");
        accepted.close();
        assertThatThrownBy(handshake()::begin).hasMessageContaining("ECONNRESET");
    }

    @Test
    void seesTheEndOfAConnectionThatSomebodyElseReads() throws Exception {
        send(greeting());
        assertThat(client.awaitHangUp(0)).isFalse();
        accepted.close();
        assertThat(client.awaitHangUp(LIMIT_MS)).isTrue();
    }

    @Test
    void flagsForTheKernelAreThoseItKnowsAndNoneOfWritingWhereItMayNot() {
        assertThat(new NbdExport(SIZE, 0xded).kernelFlags(false)).isEqualTo(0x16d);
        assertThat(new NbdExport(SIZE, 0xded).kernelFlags(true)).isEqualTo(0x10f);
    }
}
