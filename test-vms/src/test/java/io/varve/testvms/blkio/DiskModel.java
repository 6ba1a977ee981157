package io.varve.testvms.blkio;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;

/**
 * What a disk has to hold, block by block. A block's content follows from its number and from the tag of the write
 * that it was last part of; tag 0 is zeros.
 *
 * <p>While a write is in flight, and for ever when its completion never came, a block may hold what was there before
 * or what was to be written, but nothing else, and never a part of each.
 */
final class DiskModel {
    private static final long MAGIC = 0x5641525645424C4BL;
    private static final int VERSION = 1;

    private final int blockSize;
    private final int[] settled;
    private final int[] pending;
    private int lastTag;

    /** A disk of zeros. */
    DiskModel(final int blockSize, final int blocks) {
        this.blockSize = blockSize;
        settled = new int[blocks];
        pending = new int[blocks];
    }

    int blockSize() {
        return blockSize;
    }

    int blocks() {
        return settled.length;
    }

    /** A tag that no earlier write had. */
    int nextTag() {
        return ++lastTag;
    }

    /** A write of blocks was submitted; they may change from now on. */
    void begin(final int first, final int count, final int tag) {
        Arrays.fill(pending, first, first + count, tag);
    }

    /** That write is complete. */
    void complete(final int first, final int count) {
        System.arraycopy(pending, first, settled, first, count);
    }

    /** Fills a buffer with what blocks hold after a write with this tag. */
    void fill(final MemorySegment buffer, final int first, final int tag) {
        final long words = buffer.byteSize() / Long.BYTES;
        final int wordsPerBlock = blockSize / Long.BYTES;
        for (long i = 0; i < words; i++) {
            buffer.setAtIndex(
                    JAVA_LONG_UNALIGNED, i, word(first + (int) (i / wordsPerBlock), tag, (int) (i % wordsPerBlock)));
        }
    }

    /**
     * Judges what was read.
     *
     * @param buffer what came from the disk.
     * @param first  its first block.
     * @throws IOException when a block holds what it must not; the message says what it looks like.
     */
    void verify(final MemorySegment buffer, final int first) throws IOException {
        final int count = (int) (buffer.byteSize() / blockSize);
        for (int i = 0; i < count; i++) {
            final int block = first + i;
            final MemorySegment content = buffer.asSlice((long) i * blockSize, blockSize);
            if (!holds(content, block, settled[block]) && !holds(content, block, pending[block])) {
                throw new IOException("block " + block + " (offset " + (long) block * blockSize + ") should hold tag "
                        + settled[block]
                        + (pending[block] == settled[block] ? "" : " or " + pending[block])
                        + ", and begins with " + Long.toHexString(content.get(JAVA_LONG_UNALIGNED, 0))
                        + "; tags whose content it is: " + tagsOf(content, block));
            }
        }
    }

    /** Writes the model into a file, replacing it as a whole. */
    void save(final Path file) throws IOException {
        final Path unfinished = file.resolveSibling(file.getFileName() + ".new");
        try (DataOutputStream out = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(unfinished)))) {
            out.writeLong(MAGIC);
            out.writeInt(VERSION);
            out.writeInt(blockSize);
            out.writeInt(lastTag);
            out.writeInt(settled.length);
            for (int i = 0; i < settled.length; i++) {
                out.writeInt(settled[i]);
                out.writeInt(pending[i]);
            }
        }
        Files.move(unfinished, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }

    /** Reads a model that {@link #save} has written. */
    static DiskModel load(final Path file) throws IOException {
        try (DataInputStream in = new DataInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
            if (in.readLong() != MAGIC || in.readInt() != VERSION) {
                throw new IOException(file + " is not a model of a disk");
            }
            final int blockSize = in.readInt();
            final int lastTag = in.readInt();
            final DiskModel model = new DiskModel(blockSize, in.readInt());
            model.lastTag = lastTag;
            for (int i = 0; i < model.settled.length; i++) {
                model.settled[i] = in.readInt();
                model.pending[i] = in.readInt();
            }
            return model;
        }
    }

    private boolean holds(final MemorySegment content, final int block, final int tag) {
        for (int i = 0; i < blockSize / Long.BYTES; i++) {
            if (content.getAtIndex(JAVA_LONG_UNALIGNED, i) != word(block, tag, i)) {
                return false;
            }
        }
        return true;
    }

    /** For the report: an older tag tells of a lost write, none at all of a torn or foreign block. */
    private String tagsOf(final MemorySegment content, final int block) {
        for (int tag = lastTag; tag >= 0; tag--) {
            if (holds(content, block, tag)) {
                return Integer.toString(tag);
            }
        }
        return "none";
    }

    /** A word of a block's content: a mixing function after Sebastiano Vigna's SplitMix64. */
    private static long word(final int block, final int tag, final int index) {
        if (tag == 0) {
            return 0;
        }
        long z = ((long) block << 32 | tag) + (index + 1) * 0x9E3779B97F4A7C15L;
        z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
        z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
        return z ^ z >>> 31;
    }
}
