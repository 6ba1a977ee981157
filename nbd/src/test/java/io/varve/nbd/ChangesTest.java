package io.varve.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.block.Changes;
import io.varve.block.Extents;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The context {@code qemu:dirty-bitmap:NAME}: what has changed since an earlier state, which takes its time to be found out. */
class ChangesTest extends ServedExportTest {
    private static final int SIZE = 1 << 20;
    private static final String MONDAY = "qemu:dirty-bitmap:monday";

    private final List<Asked> asked = new ArrayList<>();

    /** The second of four quarters has changed. The reactor's. */
    private static final class Asked implements Changes {
        private final String earlier;
        private State state = State.SOUGHT;
        private boolean isClosed;

        Asked(final String earlier) {
            this.earlier = earlier;
        }

        @Override
        public State state() {
            return state;
        }

        @Override
        public void extents(final long offset, final long length, final Extents answer) {
            answer.clear();
            for (long at = offset; at < offset + length; at += 512) {
                answer.add(512, at / (SIZE / 4) == 1);
            }
        }

        @Override
        public void close() {
            isClosed = true;
        }
    }

    ChangesTest() {
        super(SIZE, false);
    }

    @BeforeEach
    void tellChanges() {
        export.call(() -> {
            device.changes(earlier -> {
                asked.add(new Asked(earlier));
                return asked.getLast();
            });
            return null;
        });
    }

    @AfterEach
    void nobodyAsksAnyMore() {
        export.close();
        assertThat(asked).allMatch(each -> each.isClosed);
    }

    private void become(final Changes.State state) {
        export.await(() -> !asked.isEmpty());
        export.call(() -> asked.getLast().state = state);
    }

    private static List<String> names(final List<NbdClient.Answer> answers) {
        return answers.stream()
                .filter(answer -> answer.type() == Nbd.REP_META_CONTEXT)
                .map(answer -> new String(answer.data(), 4, answer.data().length - 4, StandardCharsets.US_ASCII))
                .toList();
    }

    private NbdClient structured(final boolean isExtended) throws IOException {
        final NbdClient client = NbdClient.connect(socket).greet();
        client.structured(isExtended);
        return client;
    }

    private NbdClient agreed(final boolean isExtended, final String... contexts) throws IOException {
        final NbdClient client = structured(isExtended);
        client.sendOption(Nbd.OPT_SET_META_CONTEXT, NbdClient.contextData("", contexts));
        become(Changes.State.FOUND);
        assertThat(names(client.answers(Nbd.OPT_SET_META_CONTEXT))).containsExactly(contexts);
        client.go("");
        return client;
    }

    private static List<Long> parts(final boolean isExtended, final byte[] payload, final int context) {
        final ByteBuffer data = ByteBuffer.wrap(payload);
        assertThat(data.getInt()).isEqualTo(context);
        if (isExtended) {
            assertThat(data.getInt()).isEqualTo(data.remaining() / 16);
        }
        final List<Long> result = new ArrayList<>();
        while (data.hasRemaining()) {
            result.add(isExtended ? data.getLong() : data.getInt());
        }
        return result;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void bothContextsAnswerOnceItIsKnownWhatHasChanged(final boolean isExtended) throws IOException {
        try (NbdClient client = agreed(isExtended, "base:allocation", MONDAY)) {
            assertThat(asked.getFirst().earlier).isEqualTo("monday");
            assertThat(client.write(0, data())).isZero();
            client.sendRequest(Nbd.CMD_BLOCK_STATUS, 0, 5, 0, SIZE);
            client.sendRequest(Nbd.CMD_READ, 0, 6, 0, 512);
            assertThat(client.reply(512).cookie()).as("others go on meanwhile").isEqualTo(6);
            become(Changes.State.READY);
            final NbdClient.Reply first = client.reply(0);
            assertThat(first.flags()).isZero();
            assertThat(first.cookie()).isEqualTo(5);
            assertThat(parts(isExtended, first.data(), Handshake.ALLOCATION_ID))
                    .containsExactly(4096L, 0L, SIZE - 4096L, 3L);
            final NbdClient.Reply second = client.reply(0);
            assertThat(second.flags()).isEqualTo(Nbd.REPLY_FLAG_DONE);
            assertThat(second.cookie()).isEqualTo(5);
            assertThat(parts(isExtended, second.data(), Handshake.CHANGES_ID))
                    .containsExactly(SIZE / 4L, 0L, SIZE / 4L, 1L, SIZE / 2L, 0L);
        }
    }

    private static byte[] data() {
        final byte[] data = new byte[4096];
        data[5] = 1;
        return data;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aSessionMayHaveThatContextAlone(final boolean isExtended) throws IOException {
        try (NbdClient client = agreed(isExtended, MONDAY)) {
            become(Changes.State.READY);
            final NbdClient.Reply reply = client.command(Nbd.CMD_BLOCK_STATUS, Nbd.CMD_FLAG_REQ_ONE, SIZE / 4 + 5, 600);
            assertThat(reply.flags()).isEqualTo(Nbd.REPLY_FLAG_DONE);
            assertThat(parts(isExtended, reply.data(), Handshake.CHANGES_ID)).containsExactly(600L, 1L);
        }
    }

    @Test
    void whatIsNotThereIsNoContext() throws IOException {
        try (NbdClient client = structured(false)) {
            client.sendOption(Nbd.OPT_SET_META_CONTEXT, NbdClient.contextData("", MONDAY));
            become(Changes.State.UNKNOWN);
            assertThat(names(client.answers(Nbd.OPT_SET_META_CONTEXT))).isEmpty();
            export.call(() -> {
                device.changes(earlier -> null);
                return null;
            });
            assertThat(names(client.setContexts("", MONDAY, "base:allocation"))).containsExactly("base:allocation");
            client.go("");
            assertThat(client.command(Nbd.CMD_BLOCK_STATUS, 0, 0, 512).error()).isZero();
        }
    }

    @Test
    void askingWhetherItIsThereChoosesNothing() throws IOException {
        try (NbdClient client = structured(false)) {
            client.sendOption(Nbd.OPT_LIST_META_CONTEXT, NbdClient.contextData("", MONDAY));
            become(Changes.State.READY);
            assertThat(names(client.answers(Nbd.OPT_LIST_META_CONTEXT))).containsExactly(MONDAY);
            assertThat(export.<Boolean>call(() -> asked.getLast().isClosed)).isTrue();
            client.go("");
            assertThat(client.command(Nbd.CMD_BLOCK_STATUS, 0, 0, 512).error()).isEqualTo(Nbd.EINVAL);
        }
    }

    @Test
    void aNewChoiceOrAnotherExportDropsTheOld() throws IOException {
        try (NbdClient client = structured(false)) {
            client.sendOption(Nbd.OPT_SET_META_CONTEXT, NbdClient.contextData("", MONDAY));
            become(Changes.State.READY);
            client.answers(Nbd.OPT_SET_META_CONTEXT);
            client.sendOption(Nbd.OPT_SET_META_CONTEXT, NbdClient.contextData("", "qemu:dirty-bitmap:sunday"));
            export.await(() -> asked.size() == 2);
            become(Changes.State.READY);
            client.answers(Nbd.OPT_SET_META_CONTEXT);
            assertThat(export.<List<Boolean>>call(() ->
                            Stream.of(0, 1).map(i -> asked.get(i).isClosed).toList()))
                    .containsExactly(true, false);
            client.go(ServedExport.NAME);
            assertThat(export.<Boolean>call(() -> asked.getLast().isClosed)).isTrue();
            assertThat(client.command(Nbd.CMD_BLOCK_STATUS, 0, 0, 512).error()).isEqualTo(Nbd.EINVAL);
        }
    }

    @Test
    void whatCouldNotBeFoundOutIsAnError() throws IOException {
        try (NbdClient client = agreed(false, "base:allocation", MONDAY)) {
            client.sendRequest(Nbd.CMD_BLOCK_STATUS, 0, 5, 0, SIZE);
            become(Changes.State.FAILED);
            assertThat(client.reply(0).error()).isEqualTo(Nbd.EIO);
            assertThat(client.command(Nbd.CMD_BLOCK_STATUS, 0, 0, SIZE).error()).isEqualTo(Nbd.EIO);
            assertThat(client.read(0, 512)).hasSize(512);
        }
    }

    @Test
    void theEndDoesNotWaitForIt() throws IOException {
        try (NbdClient client = agreed(false, MONDAY)) {
            client.sendRequest(Nbd.CMD_BLOCK_STATUS, 0, 5, 0, SIZE);
            client.sendRequest(Nbd.CMD_READ, 0, 6, 0, 512);
            assertThat(client.reply(512).cookie()).isEqualTo(6);
            client.sendRequest(Nbd.CMD_DISC, 0, 7, 0, 0);
            assertThat(client.reply(0).error()).isEqualTo(Nbd.ESHUTDOWN);
            assertThat(client.isDropped()).isTrue();
        }
        try (NbdClient client = structured(false)) {
            client.sendOption(Nbd.OPT_SET_META_CONTEXT, NbdClient.contextData("", MONDAY));
            export.await(() -> asked.size() == 2);
        }
        export.await(() -> export.server().connections() == 0);
    }
}
