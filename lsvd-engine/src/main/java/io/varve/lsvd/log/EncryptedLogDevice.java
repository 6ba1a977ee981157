package io.varve.lsvd.log;

import io.varve.linux.IoRing;
import io.varve.linux.Mapping;
import io.varve.lsvd.crypto.SectorCipher;
import io.varve.lsvd.crypto.SectorKey;
import io.varve.lsvd.format.Superblock;
import io.varve.lsvd.log.PendingOperations.Operation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * A log whose file is encrypted behind the superblocks: AES-256-XTS by sectors of 4096 bytes, of which each has its place in the file as its
 * number. What was never written reads as noise.
 *
 * <p>Writes go through {@value #CHUNKS} chunks of {@value #CHUNK} bytes of this device's own, since the log's window is read while it is written. What
 * finds none free waits, in order. What is read is decrypted where it was read to, before anybody is told. The reactor allocates nothing for
 * it; blocking operations take their turn.
 */
public final class EncryptedLogDevice implements LogDevice {
    private static final int CHUNK = 128 << 10;
    private static final int CHUNKS = 64;
    private static final int NUMBER_BITS = 32;

    private final LogDevice device;
    private final SectorKey key;
    private final SectorCipher cipher;
    private final SectorCipher blockingCipher;
    private final MemorySegment blockingBuffer;
    private final Arena arena = Arena.ofShared();
    private final List<Listener> listeners = new ArrayList<>();
    private final PendingOperations operations = new PendingOperations();
    private final int[] freeChunks = new int[CHUNKS];
    private int freeChunkCount;
    private long chunks;
    private int writes = -1;
    private int reads;
    private int others;
    private Operation firstWaiting;
    private Operation lastWaiting;

    /** Makes one over a device, which is closed with this, and so is the key. */
    public EncryptedLogDevice(final LogDevice device, final SectorKey key) {
        this.device = device;
        this.key = key;
        cipher = key.cipher();
        blockingCipher = key.cipher();
        blockingBuffer = arena.allocate(CHUNK, SectorCipher.SECTOR);
    }

    @Override
    public int register(final Listener listener) {
        if (writes < 0) {
            takeChunks();
            writes = device.register(this::onWritten);
            reads = device.register(this::onRead);
            others = device.register(this::onDone);
        }
        listeners.add(listener);
        return listeners.size() - 1;
    }

    private void takeChunks() {
        final MemorySegment memory = Mapping.reserve((long) CHUNKS * CHUNK, arena);
        // The first ones are used most, and the reactor is to find them there.
        Mapping.populate(memory.asSlice(0, Mapping.HUGE_PAGE));
        chunks = memory.address();
        for (int chunk = CHUNKS - 1; chunk >= 0; chunk--) {
            freeChunks[freeChunkCount++] = chunk;
        }
    }

    @Override
    public void write(final long offset, final long address, final int length, final int listener, final long token) {
        final Operation operation = operations.take(listeners.get(listener), token, offset, address, length);
        if (isPlain(offset)) {
            operation.parts = 1;
            device.write(offset, address, length, others, operation.number);
            return;
        }
        if (firstWaiting == null) {
            begin(operation);
        }
        if (operation.begun < length) {
            await(operation);
        }
    }

    /** The superblocks are plain: they say how to read the rest, and hold nothing of a guest's. */
    private static boolean isPlain(final long offset) {
        return offset < Superblock.AREA_OFFSET;
    }

    private void await(final Operation operation) {
        if (firstWaiting == null) {
            firstWaiting = operation;
        } else {
            lastWaiting.next = operation;
        }
        lastWaiting = operation;
    }

    /** Begins as much as there are chunks for. */
    private void begin(final Operation operation) {
        while (operation.begun < operation.length && freeChunkCount > 0) {
            final int chunk = freeChunks[--freeChunkCount];
            final int length = Math.min(CHUNK, operation.length - operation.begun);
            final long offset = operation.offset + operation.begun;
            final long target = chunks + (long) chunk * CHUNK;
            cipher.encrypt(sector(offset), operation.address + operation.begun, target, length);
            operation.begun += length;
            operation.parts++;
            device.write(offset, target, length, writes, (long) chunk << NUMBER_BITS | operation.number);
        }
    }

    private void onWritten(final long token, final int result) {
        final Operation operation = operations.get((int) token);
        freeChunks[freeChunkCount++] = (int) (token >>> NUMBER_BITS);
        operation.add(result);
        while (firstWaiting != null && freeChunkCount > 0) {
            begin(firstWaiting);
            if (firstWaiting.begun == firstWaiting.length) {
                firstWaiting = firstWaiting.next;
            }
        }
        if (operation.parts == 0 && operation.begun == operation.length) {
            operation.tell(operations);
        }
    }

    @Override
    public void read(final long offset, final long address, final int length, final int listener, final long token) {
        final Operation operation = operations.take(listeners.get(listener), token, offset, address, length);
        operation.parts = 1;
        device.read(offset, address, length, reads, operation.number);
    }

    private void onRead(final long token, final int result) {
        decryptAndTell(cipher, operations, token, result);
    }

    private static void decryptAndTell(
            final SectorCipher cipher, final PendingOperations operations, final long token, final int result) {
        final Operation operation = operations.get((int) token);
        operation.add(result);
        decrypt(cipher, operation.offset, operation.address, Math.max(0, result) & -SectorCipher.SECTOR);
        operation.tell(operations);
    }

    private static void decrypt(final SectorCipher cipher, final long offset, final long address, final int length) {
        final int plain = Math.clamp(Superblock.AREA_OFFSET - offset, 0, length);
        cipher.decrypt(sector(offset + plain), address + plain, address + plain, length - plain);
    }

    private static long sector(final long offset) {
        return offset / SectorCipher.SECTOR;
    }

    @Override
    public void sync(final int listener, final long token) {
        final Operation operation = operations.take(listeners.get(listener), token, 0, 0, 0);
        operation.parts = 1;
        device.sync(others, operation.number);
    }

    private void onDone(final long token, final int result) {
        final Operation operation = operations.get((int) token);
        operation.add(result);
        operation.tell(operations);
    }

    @Override
    public Reader reader(final IoRing other, final Listener listener) {
        final CipherReader reader = new CipherReader(listener);
        reader.reader = device.reader(other, reader::onRead);
        return reader.reader == null ? null : reader;
    }

    /** Reads through another ring, with a cipher of its own. */
    private final class CipherReader implements Reader {
        private final SectorCipher ownCipher = key.cipher();
        private final PendingOperations ownOperations = new PendingOperations();
        private final Listener listener;
        private Reader reader;

        CipherReader(final Listener listener) {
            this.listener = listener;
        }

        @Override
        public void read(final long offset, final long address, final int length, final long token) {
            final Operation operation = ownOperations.take(listener, token, offset, address, length);
            operation.parts = 1;
            reader.read(offset, address, length, operation.number);
        }

        private void onRead(final long token, final int result) {
            decryptAndTell(ownCipher, ownOperations, token, result);
        }

        @Override
        public void close() {
            reader.close();
        }
    }

    @Override
    public void readFully(final long offset, final MemorySegment target) throws IOException {
        device.readFully(offset, target);
        synchronized (blockingCipher) {
            for (long done = 0; done < target.byteSize(); done += CHUNK) {
                final int length = (int) Math.min(CHUNK, target.byteSize() - done);
                decrypt(blockingCipher, offset + done, target.address() + done, length);
            }
        }
    }

    @Override
    public void writeFully(final long offset, final MemorySegment source) throws IOException {
        if (isPlain(offset)) {
            device.writeFully(offset, source);
            return;
        }
        synchronized (blockingCipher) {
            for (long done = 0; done < source.byteSize(); done += CHUNK) {
                final int length = (int) Math.min(CHUNK, source.byteSize() - done);
                blockingCipher.encrypt(
                        sector(offset + done), source.address() + done, blockingBuffer.address(), length);
                device.writeFully(offset + done, blockingBuffer.asSlice(0, length));
            }
        }
    }

    @Override
    public void syncFully() throws IOException {
        device.syncFully();
    }

    @Override
    public long length() {
        return device.length();
    }

    @Override
    public String name() {
        return device.name();
    }

    /** The memory of writes that were not answered stays: the kernel may still be reading it. */
    @Override
    public void close() {
        device.close();
        key.close();
        if (operations.inUse() == 0) {
            arena.close();
        }
    }
}
