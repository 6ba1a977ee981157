package io.varve.lsvd.cache;

import io.varve.linux.Memory;
import io.varve.lsvd.crypto.SectorCipher;
import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.Checksum;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A line on its way into the cache. Made once, gets its memory when first used, and is used again. */
final class Fill {
    long tagHigh;
    long tagLow;
    long line;
    int count;
    int touched;

    /** The agent's: where it goes. */
    int slot;

    final MemorySegment crcs = Arena.ofAuto().allocate(CacheLine.BLOCKS * Integer.BYTES, Long.BYTES);
    MemorySegment data;
    private Checksum checksum;

    void set(
            final long newTagHigh,
            final long newTagLow,
            final long newLine,
            final int newCount,
            final int newTouched,
            final long newData) {
        tagHigh = newTagHigh;
        tagLow = newTagLow;
        line = newLine;
        count = newCount;
        touched = newTouched;
        if (data == null) {
            data = Arena.ofAuto().allocate(CacheLine.LENGTH, Blocks.SIZE);
            checksum = new Checksum(data);
        }
        Memory.copy(newData, data.address(), (long) newCount * Blocks.SIZE);
    }

    /** Encrypts the data; the checksums are those of what is stored from then on. */
    void encrypt(final SectorCipher cipher) {
        cipher.encrypt(CacheLine.location(line), data.address(), data.address(), count * Blocks.SIZE);
        for (int i = 0; i < count; i++) {
            crc(i, checksum.of(i * Blocks.SIZE, Blocks.SIZE));
        }
    }

    void crc(final int place, final int crc) {
        Memory.putInt(crcs.address() + (long) place * Integer.BYTES, crc);
    }
}
