package io.varve.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.block.CloseReason;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What takes a client too long, by a clock that the test moves on. */
class TimeLimitTest extends ServedExportTest {
    private static final int SIZE = 64 << 20;
    private static final long SECOND_NS = TimeUnit.SECONDS.toNanos(1);

    TimeLimitTest() {
        super(SIZE, true);
    }

    private int connections() {
        return export.<Integer>call(export.server()::connections);
    }

    @Test
    void whoChoosesNoExportInTimeIsDropped() throws IOException {
        try (NbdClient silent = NbdClient.connect(socket);
                NbdClient talks = NbdClient.connect(socket).greet()) {
            export.await(() -> export.server().connections() == 2);
            export.pass(Connection.HANDSHAKE_NS - SECOND_NS);
            assertThat(talks.option(Nbd.OPT_LIST, new byte[0])).hasSize(2);
            assertThat(connections()).isEqualTo(2);
            export.pass(SECOND_NS);
            assertThat(silent.isDropped()).isTrue();
            assertThat(talks.isDropped()).isTrue();
            export.await(() -> export.server().connections() == 0);
        }
    }

    @Test
    void whoHasChosenOneMayBeSilentForEver() throws IOException {
        try (NbdClient client = NbdClient.go(socket)) {
            export.pass(TimeUnit.DAYS.toNanos(100));
            assertThat(client.read(0, 512)).hasSize(512);
            assertThat(connections()).isEqualTo(1);
        }
    }

    @Test
    void whoDoesNotReadItsLastRepliesIsDropped() throws IOException {
        try (NbdClient client = NbdClient.go(socket)) {
            client.sendRequest(Nbd.CMD_READ, 0, 1, 0, 32 << 20);
            client.sendRequest(Nbd.CMD_DISC, 0, 2, 0, 0);
            export.await(() -> export.server().taken() >= 32 << 20);
            export.pass(Connection.GOODBYE_NS - SECOND_NS);
            assertThat(connections()).isEqualTo(1);
            export.pass(2 * SECOND_NS);
            export.await(() -> export.server().connections() == 0);
            assertThat(export.call(export::closed)).containsExactly(CloseReason.DISCONNECTED);
        }
    }

    /** As long as there is memory for all, replies may lie there; then those go that others need. */
    @Test
    void whoDoesNotReadRepliesWhileOthersLackTheMemoryIsDropped() throws IOException {
        final int most = (int) (BufferPool.MAX_TAKEN / BufferPool.MAX_SHARE) + 1;
        final NbdClient[] idle = new NbdClient[most];
        try (NbdClient reader = NbdClient.go(socket)) {
            for (int i = 0; i < most; i++) {
                idle[i] = NbdClient.go(socket);
                idle[i].sendRequest(Nbd.CMD_READ, 0, 1, 0, 64 << 20);
                idle[i].sendRequest(Nbd.CMD_READ, 0, 2, 0, 16 << 20);
            }
            export.await(() -> export.server().taken() > BufferPool.MAX_TAKEN - (64 << 20));
            reader.sendRequest(Nbd.CMD_READ, 0, 3, 0, 64 << 20);
            export.await(() -> export.server().isStarved());
            assertThat(connections()).isEqualTo(1 + most);
            export.pass(Connection.UNREAD_NS);
            assertThat(reader.reply(64 << 20).cookie()).isEqualTo(3);
            assertThat(export.call(export::closed)).contains(CloseReason.WAITED_TOO_LONG);
        } finally {
            for (final NbdClient client : idle) {
                if (client != null) {
                    client.close();
                }
            }
        }
    }
}
