package io.varve.lsvd.crypto;

import io.varve.linux.SecretMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * A key for sectors of a local disk: 64 bytes outside the heap, of which the first half encrypts data and the second half tweaks. Any
 * thread; each makes a {@link SectorCipher} of its own with it.
 */
public final class SectorKey implements AutoCloseable {
    /** Length in bytes. */
    public static final int LENGTH = 64;

    /** Length in bytes of what it is derived with. */
    public static final int SALT_LENGTH = 32;

    private final SecretMemory memory;

    private SectorKey(final byte[] bytes) {
        memory = new SecretMemory(LENGTH);
        MemorySegment.copy(bytes, 0, memory.segment(), ValueLayout.JAVA_BYTE, 0, LENGTH);
    }

    /** Makes a key of bytes, which are wiped. */
    static SectorKey take(final byte[] bytes) {
        try {
            return new SectorKey(bytes);
        } finally {
            Arrays.fill(bytes, (byte) 0);
        }
    }

    /** Makes a cipher, which does not need this any more. */
    public SectorCipher cipher() {
        final byte[] bytes = new byte[LENGTH];
        MemorySegment.copy(memory.segment(), ValueLayout.JAVA_BYTE, 0, bytes, 0, LENGTH);
        try {
            return new SectorCipher(bytes);
        } finally {
            Arrays.fill(bytes, (byte) 0);
        }
    }

    /** Wipes the key. Idempotent. */
    @Override
    public void close() {
        memory.close();
    }
}
