package io.varve.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.block.CloseReason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Clients that do what no client should: they lose their connection, and another client notices nothing. */
class HostileClientTest extends ServedExportTest {
    private static final int SIZE = 64 << 20;

    private NbdClient neighbour;

    HostileClientTest() {
        super(SIZE, true);
    }

    @BeforeEach
    void serveNeighbour() throws IOException {
        neighbour = NbdClient.go(socket);
    }

    @AfterEach
    void neighbourNoticedNothing() throws IOException {
        assertThat(neighbour.write(0, new byte[4096])).isZero();
        assertThat(neighbour.read(0, 4096)).containsOnly(0);
        neighbour.close();
        export.await(() -> export.server().connections() == 0);
    }

    private void dropped(final NbdClient client) throws IOException {
        assertThat(client.isDropped()).isTrue();
        client.close();
    }

    @Test
    void whatIsNotTheProtocolEndsTheConnection() throws IOException {
        dropped(NbdClient.connect(socket).greet(0x40));
        final NbdClient noMagic = NbdClient.connect(socket).greet();
        noMagic.send(ByteBuffer.wrap("GET / HTTP/1.1\r\n\r\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII)));
        dropped(noMagic);
        final NbdClient endless = NbdClient.connect(socket).greet();
        endless.send(ByteBuffer.allocate(16)
                .putLong(Nbd.IHAVEOPT)
                .putInt(Nbd.OPT_GO)
                .putInt(-1)
                .flip());
        dropped(endless);
        final NbdClient noCommand = NbdClient.go(socket);
        noCommand.send(ByteBuffer.allocate(28));
        dropped(noCommand);
        assertThat(export.call(export::closed)).containsExactly(CloseReason.PROTOCOL_ERROR);
    }

    @Test
    void optionsWithoutEndEndTheConnection() throws IOException {
        final NbdClient client = NbdClient.connect(socket).greet();
        for (int i = 0; i < Handshake.MAX_OPTIONS; i++) {
            assertThat(client.option(99, new byte[0])).hasSize(1);
        }
        client.sendOption(99, new byte[0]);
        dropped(client);
    }

    @Test
    void aClientThatDoesNotReadIsNotReadFromAndHindersNobody() throws IOException {
        try (NbdClient client = NbdClient.go(socket)) {
            client.channel().configureBlocking(false);
            final ByteBuffer request = client.request(Nbd.CMD_READ, 0, 1, 0, 1 << 20);
            int sent = 0;
            int idle = 0;
            while (idle < 200) {
                request.rewind();
                if (client.channel().write(request) == 0) {
                    idle++;
                    export.call(() -> null);
                } else {
                    idle = 0;
                    sent++;
                    while (request.hasRemaining()) {
                        client.channel().write(request);
                    }
                }
            }
            assertThat(sent).isPositive();
            assertThat(export.<Long>call(export.server()::taken))
                    .isLessThanOrEqualTo(BufferPool.MAX_SHARE + Inbound.LENGTH);
            assertThat(neighbour.read(0, 1 << 20)).containsOnly(0);
        }
    }

    @Test
    void greetersThatSaySomethingNeverTakeNoPlaceFromOthers() throws IOException {
        final List<NbdClient> idle = new ArrayList<>();
        for (int i = 0; i < NbdServer.MAX_CONNECTIONS + 10; i++) {
            idle.add(NbdClient.connect(socket));
            idle.getLast().receive(18);
        }
        try (NbdClient client = NbdClient.go(socket)) {
            assertThat(client.read(0, 512)).containsOnly(0);
        }
        assertThat(export.<Integer>call(export.server()::connections)).isLessThanOrEqualTo(NbdServer.MAX_GREETING + 2);
        for (final NbdClient client : idle) {
            client.close();
        }
    }

    @Test
    void oneConnectionTooManyWaitsForItsTurn() throws IOException {
        final List<NbdClient> clients = new ArrayList<>();
        for (int i = 1; i < NbdServer.MAX_CONNECTIONS; i++) {
            clients.add(NbdClient.go(socket));
        }
        try (NbdClient waiting = NbdClient.connect(socket)) {
            assertThat(export.<Integer>call(export.server()::connections)).isEqualTo(NbdServer.MAX_CONNECTIONS);
            clients.removeFirst().close();
            waiting.greet().go(ServedExport.NAME);
        }
        for (final NbdClient client : clients) {
            client.close();
        }
    }

    @Test
    void aStreamThatIsCutAnywhereIsRead() throws IOException {
        try (NbdClient client = NbdClient.connect(socket)) {
            client.receive(18);
            final ByteBuffer all = ByteBuffer.allocate(8192);
            all.putInt(3).putLong(Nbd.IHAVEOPT).putInt(Nbd.OPT_GO);
            final byte[] go = NbdClient.goData(ServedExport.NAME);
            all.putInt(go.length).put(go);
            all.put(client.request(Nbd.CMD_WRITE, 0, 1, 512, 1024)).put(new byte[1024]);
            all.put(client.request(Nbd.CMD_READ, 0, 2, 512, 512)).flip();
            while (all.hasRemaining()) {
                client.send(all.slice(all.position(), 1));
                all.position(all.position() + 1);
            }
            client.answer();
            assertThat(client.answer().type()).isEqualTo(Nbd.REP_ACK);
            assertThat(client.reply(0).cookie()).isEqualTo(1);
            assertThat(client.reply(512).cookie()).isEqualTo(2);
        }
    }

    @Test
    void anythingAtAllIsSurvived() throws IOException {
        for (int seed = 0; seed < 200; seed++) {
            final Random random = new Random(seed);
            try (NbdClient client =
                    seed % 2 == 0 ? NbdClient.go(socket) : NbdClient.goStructured(socket, seed % 4 == 1)) {
                for (int i = 0; i < 20; i++) {
                    final int length = random.nextInt(8192);
                    client.sendRequest(
                            random.nextInt(9),
                            random.nextInt(4) == 0 ? random.nextInt(64) : 0,
                            i,
                            random.nextInt(4) == 0 ? random.nextLong() : random.nextInt(SIZE) & ~511,
                            length);
                }
                final byte[] noise = new byte[random.nextInt(100_000)];
                random.nextBytes(noise);
                client.send(ByteBuffer.wrap(noise));
            } catch (final IOException e) {
                // The connection was dropped meanwhile.
            }
        }
    }
}
