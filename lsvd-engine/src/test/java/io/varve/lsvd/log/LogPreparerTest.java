package io.varve.lsvd.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.linux.Mapping;
import io.varve.lsvd.format.Superblock;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LogPreparerTest {
    private static final int WINDOW = LogGeometry.MIN_WINDOW;
    private static final int PIECE = WINDOW / 4;
    private static final LogGeometry GEOMETRY = new LogGeometry(8L * WINDOW, WINDOW);
    private static final int AHEAD = 2 * WINDOW;

    private final Arena arena = Arena.ofConfined();
    private final Device device = new Device();

    @AfterEach
    void close() {
        arena.close();
    }

    @Test
    void writesAQuarterOfTheLogAhead() {
        final LogPreparer preparer = preparer(writer(0));
        long offset = Superblock.AREA_OFFSET;
        while (preparer.doWork() > 0) {
            assertThat(device.offset).isEqualTo(offset);
            assertThat(device.length).isEqualTo(PIECE);
            assertThat(preparer.doWork()).as("a second piece").isZero();
            offset += PIECE;
            device.answer(PIECE);
        }
        assertThat(offset - Superblock.AREA_OFFSET).isEqualTo(AHEAD);
        assertThat(preparer.isQuiet()).isTrue();
    }

    @Test
    void theWriterDoesNotReachAPieceInFlight() {
        final LogWriter log = writer(0);
        final LogPreparer preparer = preparer(log);
        final long free = log.room();
        preparer.doWork();
        assertThat(log.room()).isLessThan(1);
        device.answer(PIECE);
        assertThat(log.room()).isEqualTo(free);
        preparer.doWork();
        device.answer(PIECE);
        preparer.doWork();
        assertThat(log.room()).isBetween(1L, (long) PIECE / 4096);
    }

    @Test
    void staysWithinTheAreaAndDoesNothingInLaterLaps() {
        final LogPreparer atTheEnd = preparer(writer(GEOMETRY.areaLength() - PIECE - 4096));
        assertThat(atTheEnd.doWork()).isEqualTo(1);
        device.answer(PIECE);
        assertThat(atTheEnd.doWork()).isEqualTo(1);
        assertThat(device.length).isEqualTo(4096);
        device.answer(4096);
        assertThat(atTheEnd.doWork()).isZero();
        assertThat(preparer(writer(GEOMETRY.areaLength())).doWork()).isZero();
    }

    @Test
    void beginsBehindWhatIsZerosAlready() {
        final LogPreparer preparer = preparer(writer(0), PIECE);
        assertThat(preparer.doWork()).isEqualTo(1);
        assertThat(device.offset).isEqualTo(Superblock.AREA_OFFSET + PIECE);
        assertThat(preparer(writer(0), AHEAD).doWork()).isZero();
    }

    @Test
    void aFailureEndsItAndHoldsNobodyUp() {
        final LogWriter log = writer(0);
        final LogPreparer preparer = preparer(log);
        final long free = log.room();
        preparer.doWork();
        device.answer(-5);
        assertThat(preparer.doWork()).isZero();
        assertThat(log.room()).isEqualTo(free);
        assertThat(log.isUnsure()).isFalse();
    }

    private LogPreparer preparer(final LogWriter log) {
        return preparer(log, 0);
    }

    private LogPreparer preparer(final LogWriter log, final long zeroed) {
        return new LogPreparer(GEOMETRY, device, log, zeroed, arena);
    }

    private LogWriter writer(final long position) {
        return new LogWriter(
                GEOMETRY,
                device,
                new LogWindow(GEOMETRY, position, Mapping.reserve(GEOMETRY.windowLength(), arena)),
                new LogChecksums(GEOMETRY, arena),
                new UUID(1, 2),
                1,
                1,
                new Superblock.Tail(position, 1, 0),
                0,
                position,
                null);
    }

    /** Keeps the last write, and answers it when told to. */
    private static final class Device extends PartialLogDevice {
        private final List<Listener> listeners = new ArrayList<>();
        private long offset;
        private int length;
        private int listener;

        Device() {
            super(GEOMETRY.fileLength());
        }

        void answer(final int result) {
            listeners.get(listener).onCompletion(0, result);
        }

        @Override
        public int register(final Listener newListener) {
            listeners.add(newListener);
            return listeners.size() - 1;
        }

        @Override
        public void write(
                final long newOffset,
                final long address,
                final int newLength,
                final int newListener,
                final long token) {
            offset = newOffset;
            length = newLength;
            listener = newListener;
        }
    }
}
