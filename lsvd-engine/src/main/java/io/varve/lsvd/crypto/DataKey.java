package io.varve.lsvd.crypto;

import io.varve.linux.SecretMemory;
import io.varve.lsvd.format.ObjectIdentity;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.UUID;

/**
 * The key of a volume's data: 32 random bytes outside the heap, from which all other keys are derived by HKDF-SHA256. Never written anywhere but
 * {@linkplain KeyWrapper wrapped}. Any thread; whoever uses it after {@link #close()} is told by an {@link IllegalStateException}.
 *
 * <p>The bytes and what is derived from them pass over the heap for a moment, where their arrays are wiped. Copies that the JDK makes
 * meanwhile are not: see the package.
 */
public final class DataKey implements AutoCloseable {
    /** Length in bytes. */
    public static final int LENGTH = 32;

    /** Length in bytes of what keys are derived with. */
    public static final int OBJECT_SALT_LENGTH = 16;

    private static final byte[] OBJECT = "varve object".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] LOCAL_LOG = "varve local log".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] READ_CACHE = "varve read cache".getBytes(StandardCharsets.US_ASCII);
    private static final int UUID_LENGTH = 16;
    private static final int IDENTITY_LENGTH = 2 * UUID_LENGTH + 2 * Long.BYTES + Integer.BYTES;

    private final SecretMemory memory;

    private DataKey(final byte[] bytes) {
        memory = new SecretMemory(LENGTH);
        MemorySegment.copy(bytes, 0, memory.segment(), ValueLayout.JAVA_BYTE, 0, LENGTH);
    }

    /** Draws a key. */
    public static DataKey random() {
        final byte[] bytes = new byte[LENGTH];
        new SecureRandom().nextBytes(bytes);
        return take(bytes);
    }

    /**
     * Makes a key of bytes, which are wiped.
     *
     * @throws IllegalArgumentException when they are not {@value #LENGTH}; they are wiped, too.
     */
    public static DataKey take(final byte[] bytes) {
        try {
            if (bytes.length != LENGTH) {
                throw new IllegalArgumentException("a data key has " + LENGTH + " bytes, not " + bytes.length);
            }
            return new DataKey(bytes);
        } finally {
            Arrays.fill(bytes, (byte) 0);
        }
    }

    /** Another one of the same bytes, which is closed on its own. */
    public DataKey copy() {
        return take(bytes());
    }

    /** The bytes, for who wraps them, and wipes them then. */
    public byte[] bytes() {
        final byte[] bytes = new byte[LENGTH];
        MemorySegment.copy(memory.segment(), ValueLayout.JAVA_BYTE, 0, bytes, 0, LENGTH);
        return bytes;
    }

    /**
     * The key of a volume's local log.
     *
     * @param salt {@value SectorKey#SALT_LENGTH} random bytes, kept in the log's superblock.
     */
    public SectorKey logKey(final UUID volume, final byte[] salt) {
        return sectorKey(LOCAL_LOG, volume, salt);
    }

    /**
     * The key of what the read cache holds of a volume's objects.
     *
     * @param salt {@value SectorKey#SALT_LENGTH} random bytes, kept in the cache's first block.
     */
    public SectorKey cacheKey(final UUID volume, final byte[] salt) {
        return sectorKey(READ_CACHE, volume, salt);
    }

    private SectorKey sectorKey(final byte[] purpose, final UUID volume, final byte[] salt) {
        if (salt.length != SectorKey.SALT_LENGTH) {
            throw new IllegalArgumentException("a salt has " + SectorKey.SALT_LENGTH + " bytes, not " + salt.length);
        }
        final ByteBuffer info = info(purpose, UUID_LENGTH);
        putUuid(info, volume);
        return SectorKey.take(derive(salt, info.array(), SectorKey.LENGTH));
    }

    /** The key of an object, by the salt in its header; wiped by the caller. */
    byte[] objectKey(final ObjectIdentity identity, final byte[] salt) {
        if (salt.length != OBJECT_SALT_LENGTH) {
            throw new IllegalArgumentException("an object's salt has " + OBJECT_SALT_LENGTH + " bytes");
        }
        final ByteBuffer info = info(OBJECT, IDENTITY_LENGTH);
        putUuid(info, identity.volume());
        info.putLong(identity.epoch()).putLong(identity.sequence());
        putUuid(info, identity.nonce());
        info.putInt(identity.part());
        return derive(salt, info.array(), CipherKey.LENGTH);
    }

    private static ByteBuffer info(final byte[] purpose, final int length) {
        return ByteBuffer.allocate(purpose.length + length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(purpose);
    }

    /** As formats have it. */
    static void putUuid(final ByteBuffer target, final UUID uuid) {
        target.putLong(uuid.getMostSignificantBits()).putLong(uuid.getLeastSignificantBits());
    }

    private byte[] derive(final byte[] salt, final byte[] info, final int length) {
        final byte[] secret = bytes();
        try {
            return Hkdf.derive(secret, salt, info, length);
        } finally {
            Arrays.fill(secret, (byte) 0);
        }
    }

    /** Wipes the key. Idempotent. */
    @Override
    public void close() {
        memory.close();
    }

    /** Says nothing of the key. */
    @Override
    public String toString() {
        return "a data key";
    }
}
