package io.varve.lsvd.write;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.lsvd.format.LogSalt;
import io.varve.lsvd.format.Superblock;
import io.varve.lsvd.log.LogGeometry;
import io.varve.lsvd.log.LogSuperblock;
import io.varve.lsvd.log.PartialLogDevice;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What the superblock says of the store, while more and more comes to be there. */
final class LogReclaimerTest {
    private static final UUID OWNER = new UUID(1, 2);
    private static final LogGeometry GEOMETRY = LogGeometry.ofSize(16 << 20);

    private final HeldDevice device = new HeldDevice();
    private final List<Long> noted = new ArrayList<>();
    private long stored = 5;

    @Test
    void tellsOnlyWhatBothPlacesHold() throws Exception {
        final Superblock.Tail end = new Superblock.Tail(1 << 20, 7, 0);
        final LogReclaimer reclaimer = reclaimer();
        reclaimer.secure(end);
        stored = 6;
        device.answer();
        device.answer();
        assertThat(noted).isEmpty();
        stored = 7;
        device.answer();
        device.answer();
        assertThat(device.written).hasSize(LogSuperblock.PLACES);
        assertThat(device.written).allSatisfy(copy -> {
            assertThat(copy.tail()).isEqualTo(end);
            assertThat(copy.seen().sequence()).isEqualTo(5);
        });
        assertThat(noted).containsExactly(5L);
        assertThat(reclaimer.isSecuredTo(end)).isTrue();
        assertThat(reclaimer.isIdle()).isTrue();
    }

    private LogReclaimer reclaimer() {
        final Superblock first = new Superblock(
                1,
                OWNER,
                GEOMETRY.areaLength(),
                GEOMETRY.windowLength(),
                1,
                new Superblock.Tail(0, 0, 0),
                Superblock.Seen.NOTHING,
                List.of(new Superblock.EpochClaim(1, OWNER)),
                LogSalt.NONE);
        final LogSuperblock superblock = LogSuperblock.create(device, first);
        return new LogReclaimer(GEOMETRY, device, superblock, null, null, null, 0, new LogReclaimer.StoreNotes() {
            @Override
            public Superblock.Seen seen() {
                return new Superblock.Seen(1, OWNER, stored, 6);
            }

            @Override
            public long awaited() {
                return -1;
            }

            @Override
            public void noted(final long sequence) {
                noted.add(sequence);
            }
        });
    }

    /** Answers one operation at a time, when it is told to. */
    private static final class HeldDevice extends PartialLogDevice {
        private final List<Superblock> written = new ArrayList<>();
        private Listener listener;
        private long token;
        private int result;

        HeldDevice() {
            super(GEOMETRY.fileLength());
        }

        void answer() {
            listener.onCompletion(token, result);
        }

        @Override
        public int register(final Listener newListener) {
            listener = newListener;
            return 0;
        }

        @Override
        public void write(
                final long offset, final long address, final int length, final int number, final long newToken) {
            try {
                written.add(Superblock.decode(
                        "what is written", MemorySegment.ofAddress(address).reinterpret(length)));
            } catch (final IOException e) {
                throw new UncheckedIOException(e);
            }
            token = newToken;
            result = length;
        }

        @Override
        public void sync(final int number, final long newToken) {
            token = newToken;
            result = 0;
        }
    }
}
