package io.varve.lsvd.scan;

import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.objects.ObjectReader;
import io.varve.lsvd.store.NoSuchObjectException;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.store.StoreClient.Reading;
import io.varve.lsvd.store.StoreException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Iterator;

/**
 * Reads the beginnings of objects, one after the other, with a few reads under way, into memory of its own that is used again:
 * that of each read is as long as it was told. For one thread that may wait.
 */
public final class ObjectScan implements AutoCloseable {
    /** How much to read of each object to have most headers whole, in bytes. */
    public static final int HEADER_READ = 64 << 10;

    private static final int MAX_TRIES = 3;

    private final StoreClient store;
    private final Pace pace;
    private final Cancellation cancellation;
    private final Arena arena = Arena.ofShared();
    private final ArrayDeque<MemorySegment> free = new ArrayDeque<>();
    private final ArrayDeque<UnderWay> underWay = new ArrayDeque<>();
    private boolean isQuiet = true;
    private boolean isUnanswered;
    private long expected;

    /**
     * Makes a scan.
     *
     * @param readBytes how much is read of each object at least.
     * @param reads     how many reads are under way at a time.
     */
    public ObjectScan(
            final StoreClient store,
            final Pace pace,
            final Cancellation cancellation,
            final int readBytes,
            final int reads) {
        this.store = store;
        this.pace = pace;
        this.cancellation = cancellation;
        expected = readBytes;
        for (int i = 0; i < reads; i++) {
            free.add(arena.allocate(readBytes, Long.BYTES));
        }
    }

    /** Receives objects, in the order in which they were asked for. */
    public interface Visitor {
        /**
         * The beginning of an object is there.
         *
         * @param header whole and valid.
         * @param bytes  what was read, the header first; used again when this returns.
         */
        void onObject(ObjectName name, ObjectHeader header, MemorySegment bytes) throws IOException;

        /**
         * An object is not there, or its header is no good, or it cannot be read. A store that does not answer at all
         * ends the scan.
         *
         * @throws IOException to end the scan.
         */
        default void onFailure(final ObjectName name, final IOException reason) throws IOException {
            throw reason;
        }
    }

    /**
     * Reads objects.
     *
     * @throws IOException that the visitor has thrown.
     * @throws java.util.concurrent.CancellationException when it was broken off.
     */
    public void scan(final Iterator<ObjectName> names, final Visitor visitor) throws IOException {
        isQuiet = false;
        while (names.hasNext() || !underWay.isEmpty()) {
            while (names.hasNext() && !free.isEmpty() && (underWay.isEmpty() || pace.isDue())) {
                pace.await(cancellation);
                cancellation.check();
                final ObjectName name = names.next();
                final MemorySegment memory = free.remove();
                pace.onRead(expected);
                underWay.add(new UnderWay(name, memory, expected, store.begin(name.key(), 0, memory)));
            }
            final UnderWay next = underWay.remove();
            cancellation.check();
            visit(next, visitor);
            free.add(next.memory);
        }
        isQuiet = true;
    }

    /** Frees the memory, unless the store may still be filling it. */
    @Override
    public void close() {
        if (isQuiet) {
            arena.close();
        }
    }

    private record UnderWay(ObjectName name, MemorySegment memory, long expected, Reading reading) {}

    private void visit(final UnderWay next, final Visitor visitor) throws IOException {
        MemorySegment bytes;
        final ObjectHeader header;
        try {
            bytes = await(next);
            final ObjectHeader partial = new ObjectHeader(bytes);
            if (partial.isRecognizable() && partial.headerLength() > bytes.byteSize()) {
                bytes = store.getWhole(next.name.key(), partial.headerLength());
                pace.onRead(bytes.byteSize());
            }
            header = new ObjectHeader(bytes);
            ObjectReader.validate(
                    header, next.name.key(), next.name.volume(), next.name.epoch(), next.name.sequence(), store.keys());
        } catch (final StoreException | FormatException e) {
            if (isUnanswered) {
                throw e;
            }
            visitor.onFailure(next.name, e);
            return;
        }
        visitor.onObject(next.name, header, bytes);
    }

    private MemorySegment await(final UnderWay next) throws StoreException {
        Reading reading = next.reading;
        for (int tries = 1; ; tries++) {
            try {
                final MemorySegment bytes = store.await(reading);
                pace.onRead(bytes.byteSize() - next.expected);
                expected = bytes.byteSize();
                return bytes;
            } catch (final NoSuchObjectException e) {
                throw e;
            } catch (final StoreException e) {
                isUnanswered = !reading.length().isDone();
                if (tries == MAX_TRIES || isUnanswered) {
                    throw e;
                }
                reading = store.begin(next.name.key(), 0, next.memory);
            }
        }
    }
}
