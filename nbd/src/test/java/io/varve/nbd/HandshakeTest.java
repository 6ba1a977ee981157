package io.varve.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.block.CloseReason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Options, as a client sends them one by one. */
class HandshakeTest extends ServedExportTest {
    private static final int SIZE = 1 << 20;
    private static final int WRITER = Nbd.FLAG_HAS_FLAGS
            | Nbd.FLAG_SEND_FLUSH
            | Nbd.FLAG_SEND_FUA
            | Nbd.FLAG_SEND_TRIM
            | Nbd.FLAG_SEND_WRITE_ZEROES
            | Nbd.FLAG_SEND_CACHE
            | Nbd.FLAG_SEND_FAST_ZERO;
    private static final int READER = Nbd.FLAG_HAS_FLAGS
            | Nbd.FLAG_READ_ONLY
            | Nbd.FLAG_SEND_FLUSH
            | Nbd.FLAG_SEND_FUA
            | Nbd.FLAG_CAN_MULTI_CONN
            | Nbd.FLAG_SEND_CACHE;

    HandshakeTest() {
        super(SIZE, false);
    }

    private NbdClient client() throws IOException {
        return NbdClient.connect(socket).greet();
    }

    @Test
    void goTellsWhatTheExportIs() throws IOException {
        try (NbdClient client = client()) {
            final List<NbdClient.Answer> answers = client.option(
                    Nbd.OPT_GO, NbdClient.goData("", Nbd.INFO_NAME, Nbd.INFO_BLOCK_SIZE, Nbd.INFO_DESCRIPTION, 99));
            assertThat(answers).hasSize(5);
            final ByteBuffer info = answers.get(0).buffer();
            assertThat(info.getShort()).isEqualTo((short) Nbd.INFO_EXPORT);
            assertThat(info.getLong()).isEqualTo(SIZE);
            assertThat(info.getShort()).isEqualTo((short) WRITER);
            assertThat(answers.get(1).data()).endsWith("disk".getBytes(StandardCharsets.US_ASCII));
            final ByteBuffer sizes = answers.get(3).buffer();
            assertThat(sizes.getShort()).isEqualTo((short) Nbd.INFO_BLOCK_SIZE);
            assertThat(sizes.getInt()).isEqualTo(512);
            assertThat(sizes.getInt()).isEqualTo(4096);
            assertThat(sizes.getInt()).isEqualTo(64 << 20);
            assertThat(answers.get(4).type()).isEqualTo(Nbd.REP_ACK);
            assertThat(client.read(0, 512)).containsOnly(0);
        }
    }

    @Test
    void aReaderIsToldThatItMayReadSingleBytes() throws IOException {
        try (NbdClient writer = client();
                NbdClient reader = client()) {
            writer.go("disk");
            final List<NbdClient.Answer> answers =
                    reader.option(Nbd.OPT_GO, NbdClient.goData("disk", Nbd.INFO_BLOCK_SIZE));
            final ByteBuffer sizes = answers.get(1).buffer();
            assertThat(sizes.getShort()).isEqualTo((short) Nbd.INFO_BLOCK_SIZE);
            assertThat(sizes.getInt()).isEqualTo(1);
            assertThat(reader.read(SIZE - 1, 1)).containsOnly(0);
        }
    }

    @Test
    void infoOpensNoSession() throws IOException {
        try (NbdClient client = client()) {
            assertThat(client.option(Nbd.OPT_INFO, NbdClient.goData("disk"))).hasSize(2);
            assertThat(export.<Integer>call(export::sessions)).isZero();
            assertThat(client.go("disk")).isEqualTo(WRITER);
            assertThat(export.<Integer>call(export::sessions)).isEqualTo(1);
        }
    }

    @Test
    void anExportThatIsNotHereIsUnknown() throws IOException {
        try (NbdClient client = client()) {
            assertThat(client.option(Nbd.OPT_GO, NbdClient.goData("other"))
                            .getLast()
                            .type())
                    .isEqualTo(Nbd.REP_ERR_UNKNOWN);
            assertThat(client.go("disk")).isEqualTo(WRITER);
        }
    }

    @Test
    void aSecondClientReadsOnly() throws IOException {
        try (NbdClient first = client();
                NbdClient second = client()) {
            assertThat(first.go("disk")).isEqualTo(WRITER);
            assertThat(second.go("disk")).isEqualTo(READER);
            assertThat(second.write(0, new byte[512])).isEqualTo(Nbd.EPERM);
            assertThat(second.command(Nbd.CMD_TRIM, 0, 0, 512).error()).isEqualTo(Nbd.EPERM);
            assertThat(second.command(Nbd.CMD_WRITE_ZEROES, 0, 0, 512).error()).isEqualTo(Nbd.EPERM);
            assertThat(second.read(0, 512)).containsOnly(0);
            assertThat(device.writes()).isZero();
        }
    }

    @Test
    void aWriterMayFollowOneThatHasGone() throws IOException {
        try (NbdClient first = client()) {
            assertThat(first.go("disk")).isEqualTo(WRITER);
            first.sendRequest(Nbd.CMD_DISC, 0, 0, 0, 0);
            assertThat(first.isDropped()).isTrue();
        }
        try (NbdClient second = client()) {
            assertThat(second.go("disk")).isEqualTo(WRITER);
        }
        assertThat(export.call(export::closed)).startsWith(CloseReason.DISCONNECTED);
    }

    @Test
    void exportNameIsAnsweredWithZeroesUnlessTheClientWantsNone() throws IOException {
        try (NbdClient client = NbdClient.connect(socket).greet(1)) {
            client.sendOption(Nbd.OPT_EXPORT_NAME, "disk".getBytes(StandardCharsets.US_ASCII));
            final ByteBuffer reply = client.receive(134);
            assertThat(reply.getLong()).isEqualTo(SIZE);
            assertThat(reply.getShort()).isEqualTo((short) WRITER);
            assertThat(client.read(0, 512)).containsOnly(0);
        }
        try (NbdClient client = NbdClient.connect(socket).greet(0)) {
            client.sendOption(Nbd.OPT_EXPORT_NAME, new byte[0]);
            client.receive(134);
        }
        try (NbdClient client = client()) {
            client.sendOption(Nbd.OPT_EXPORT_NAME, new byte[0]);
            client.receive(10);
            assertThat(client.read(512, 512)).containsOnly(0);
        }
        try (NbdClient client = client()) {
            client.sendOption(Nbd.OPT_EXPORT_NAME, new byte[] {'x'});
            assertThat(client.isDropped()).isTrue();
        }
    }

    @Test
    void listNamesTheExport() throws IOException {
        try (NbdClient client = client()) {
            final List<NbdClient.Answer> answers = client.option(Nbd.OPT_LIST, new byte[0]);
            assertThat(answers).hasSize(2);
            assertThat(answers.getFirst().type()).isEqualTo(Nbd.REP_SERVER);
            assertThat(answers.getFirst().data()).containsExactly(0, 0, 0, 4, 'd', 'i', 's', 'k');
            assertThat(client.option(Nbd.OPT_LIST, new byte[1]).getLast().type())
                    .isEqualTo(Nbd.REP_ERR_INVALID);
        }
    }

    @Test
    void abortIsAnswered() throws IOException {
        try (NbdClient client = client()) {
            assertThat(client.option(Nbd.OPT_ABORT, new byte[0]).getLast().type())
                    .isEqualTo(Nbd.REP_ACK);
            assertThat(client.isDropped()).isTrue();
        }
    }

    @Test
    void whatIsNotKnownIsUnsupportedAndWhatIsTooLongIsLeftOut() throws IOException {
        try (NbdClient client = client()) {
            assertThat(client.option(77, new byte[3]).getLast().type()).isEqualTo(Nbd.REP_ERR_UNSUP);
            assertThat(client.option(Nbd.OPT_STARTTLS, new byte[0]).getLast().type())
                    .isEqualTo(Nbd.REP_ERR_POLICY);
            assertThat(client.option(Nbd.OPT_GO, new byte[Handshake.MAX_OPTION + 1])
                            .getLast()
                            .type())
                    .isEqualTo(Nbd.REP_ERR_TOO_BIG);
            assertThat(client.option(Nbd.OPT_GO, new byte[3]).getLast().type()).isEqualTo(Nbd.REP_ERR_INVALID);
            assertThat(client.go("disk")).isEqualTo(WRITER);
        }
    }

    @Test
    void contextsNeedStructuredRepliesAndHoldForTheirExportOnly() throws IOException {
        try (NbdClient client = client()) {
            assertThat(client.setContexts("disk", "base:allocation").getLast().type())
                    .isEqualTo(Nbd.REP_ERR_INVALID);
            client.structured(false);
            assertThat(client.setContexts("other", "base:allocation").getLast().type())
                    .isEqualTo(Nbd.REP_ERR_UNKNOWN);
            assertThat(client.setContexts("disk", "qemu:dirty-bitmap:x")).hasSize(1);
            assertThat(client.option(Nbd.OPT_LIST_META_CONTEXT, NbdClient.contextData("disk")))
                    .hasSize(2);
            assertThat(client.option(Nbd.OPT_LIST_META_CONTEXT, NbdClient.contextData("disk", "base:")))
                    .hasSize(2);
            final List<NbdClient.Answer> answers = client.setContexts("disk", "base:allocation", "base:other");
            assertThat(answers).hasSize(2);
            assertThat(answers.getFirst().buffer().getInt()).isEqualTo(Handshake.ALLOCATION_ID);
            // The empty name is another name.
            assertThat(client.go("")).isEqualTo(WRITER | Nbd.FLAG_SEND_DF);
            assertThat(client.command(Nbd.CMD_BLOCK_STATUS, 0, 0, 512).error()).isEqualTo(Nbd.EINVAL);
        }
    }

    @Test
    void extendedHeadersStandForStructuredReplies() throws IOException {
        try (NbdClient client = client()) {
            client.structured(true);
            assertThat(client.option(Nbd.OPT_STRUCTURED_REPLY, new byte[0])
                            .getLast()
                            .type())
                    .isEqualTo(Nbd.REP_ERR_EXT_HEADER_REQD);
            assertThat(client.go("disk")).isEqualTo(WRITER | Nbd.FLAG_SEND_DF);
            assertThat(client.read(0, 1024)).containsOnly(0);
        }
    }
}
