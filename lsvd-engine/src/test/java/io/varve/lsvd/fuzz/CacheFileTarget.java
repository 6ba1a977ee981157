package io.varve.lsvd.fuzz;

import io.varve.linux.IoRing;
import io.varve.lsvd.cache.CacheFile;
import io.varve.lsvd.cache.CacheReader;
import io.varve.lsvd.cache.ReadCache;
import io.varve.lsvd.format.Blocks;
import io.varve.testsupport.fuzz.FuzzTarget;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/**
 * The read cache's file: the first block, then entries of the index, each a part with the number of its slot. A file that says what
 * can't be is made anew, and an entry that does counts for nothing: nothing is refused.
 */
final class CacheFileTarget implements FuzzTarget {
    private static final int UNSEALED = 1;
    private static final int ENTRY = 2;
    private static final int ENTRY_LENGTH = 128;
    private static final int SLOTS = 40;
    private static final long SIZE = 4L << 20;

    @Override
    public String name() {
        return "cache-file";
    }

    @Override
    public int sampled() {
        return 1_000;
    }

    @Override
    public List<byte[]> seeds() {
        return List.of(Inputs.ofParts(first(), entry(0, 16, 1), entry(5, 3, 2), entry(31, 1, 1), entry(39, 16, 2)));
    }

    private static Inputs.Part first() {
        final ByteBuffer block = Seal.view(new byte[36]);
        block.putInt(0x43565256)
                .putShort((short) 2)
                .putShort((short) 0)
                .putInt(0)
                .putInt(64 << 10);
        block.putLong(SIZE).putLong(77).putInt(SLOTS);
        return new Inputs.Part(0, 0, block.array());
    }

    private static Inputs.Part entry(final int slot, final int blocks, final int queue) {
        final ByteBuffer entry = Seal.view(new byte[48]);
        entry.putInt(0).put((byte) blocks).put((byte) queue).putShort((short) 0);
        entry.putLong(77).putLong(1).putLong(slot % 3).putLong(slot * 7L).putInt(slot);
        return new Inputs.Part(ENTRY, slot, entry.array());
    }

    @Override
    public void run(final byte[] input) throws IOException {
        final FuzzedFile file = new FuzzedFile();
        for (final Inputs.Part part : Inputs.parts(input)) {
            final boolean isEntry = (part.kind() & ENTRY) != 0;
            final byte[] bytes = Arrays.copyOf(part.bytes(), isEntry ? ENTRY_LENGTH : Blocks.SIZE);
            if ((part.kind() & UNSEALED) == 0) {
                final ByteBuffer view = Seal.view(bytes);
                if (isEntry) {
                    view.putInt(0, Seal.crc(bytes, Integer.BYTES, ENTRY_LENGTH - Integer.BYTES));
                } else {
                    view.putInt(8, Seal.crc(bytes, 0, Blocks.SIZE, 8));
                }
            }
            System.arraycopy(
                    bytes, 0, file.start, isEntry ? Blocks.SIZE + part.number() * ENTRY_LENGTH : 0, bytes.length);
        }
        final ReadCache cache = ReadCache.open(file, SIZE, new StillRuntime());
        if (cache.stats().usedBytes() > SIZE) {
            throw new AssertionError(
                    "a cache of " + SIZE + " bytes holds " + cache.stats().usedBytes());
        }
        cache.close();
    }

    /** A file whose beginning is kept, and the rest of which is zeros. */
    private static final class FuzzedFile implements CacheFile {
        private final byte[] start = new byte[64 << 10];

        @Override
        public long length() {
            return SIZE;
        }

        @Override
        public long room() {
            return SIZE;
        }

        @Override
        public void format(final long length) {
            Arrays.fill(start, (byte) 0);
        }

        @Override
        public void read(final long offset, final MemorySegment target) {
            target.fill((byte) 0);
            final long length = Math.clamp(start.length - offset, 0, target.byteSize());
            MemorySegment.copy(
                    start, (int) Math.min(offset, start.length), target, ValueLayout.JAVA_BYTE, 0, (int) length);
        }

        @Override
        public void write(final long offset, final MemorySegment source) {
            // Only the first block is written here, of a file that is made anew.
        }

        @Override
        public void sync() {
            // Nothing is kept.
        }

        @Override
        public CacheReader reader(final IoRing ring) {
            throw new UnsupportedOperationException();
        }

        @Override
        public String name() {
            return "cache";
        }

        @Override
        public void close() {
            // It is the input's.
        }
    }
}
