package io.varve.lsvd.objects;

import io.varve.lsvd.crypto.DataKey;
import io.varve.lsvd.crypto.ObjectCipher;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.format.ObjectIdentity;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.security.SecureRandom;
import java.util.UUID;

/**
 * A record of an encrypted volume that is no object: AES-256-GCM under a key of its own, as a table of an object is. Any thread.
 *
 * <pre>
 *  0  u32  magic "VRVX"              16  72B  zero
 *  4  u16  version                   88  16B  salt of the key
 *  6  6B   zero                     104  24B  zero
 * 12  u32  length of all in bytes   128  the record, encrypted, and its tag of 16 bytes
 * </pre>
 */
public final class EncryptedRecord {
    /** By so many bytes it is longer than what it holds. */
    public static final int OVERHEAD = ObjectCipher.PREFIX_LENGTH + ObjectCipher.TAG_LENGTH;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int MAGIC = 0x58565256;
    private static final int VERSION = 1;
    private static final int LENGTH_OFFSET = 12;
    private static final int SALT_OFFSET = 88;
    private static final UUID NO_NONCE = new UUID(0, 0);
    private static final int NO_OBJECT = -1;

    private EncryptedRecord() {}

    /** What a record is that an epoch of a volume has by a number. */
    public static ObjectIdentity identity(final UUID volume, final long epoch, final long number) {
        return new ObjectIdentity(volume, epoch, number, NO_NONCE, NO_OBJECT);
    }

    /** Encrypts a record, into memory of the automatic arena. */
    public static MemorySegment encrypt(final DataKey key, final ObjectIdentity identity, final MemorySegment record) {
        final byte[] salt = new byte[ObjectHeader.SALT_LENGTH];
        new SecureRandom().nextBytes(salt);
        final MemorySegment all = Arena.ofAuto().allocate(record.byteSize() + OVERHEAD, Long.BYTES);
        all.set(INT, 0, MAGIC);
        all.set(INT, Integer.BYTES, VERSION);
        all.set(INT, LENGTH_OFFSET, (int) all.byteSize());
        MemorySegment.copy(salt, 0, all, ValueLayout.JAVA_BYTE, SALT_OFFSET, salt.length);
        try (ObjectCipher cipher = new ObjectCipher()) {
            cipher.begin(key, identity, salt);
            cipher.encryptTable(all, record, all.asSlice(ObjectCipher.PREFIX_LENGTH));
        }
        return all;
    }

    /**
     * Decrypts a record, into memory of the automatic arena.
     *
     * @param what names it in messages.
     * @throws FormatException when it is not what was encrypted under this identity.
     */
    public static MemorySegment decrypt(
            final String what, final DataKey key, final ObjectIdentity identity, final MemorySegment all)
            throws FormatException {
        if (all.byteSize() < OVERHEAD
                || all.get(INT, 0) != MAGIC
                || all.get(INT, Integer.BYTES) != VERSION
                || all.get(INT, LENGTH_OFFSET) != all.byteSize()) {
            throw new FormatException(what + " is not encrypted as it should be, or is cut");
        }
        final byte[] salt = all.asSlice(SALT_OFFSET, ObjectHeader.SALT_LENGTH).toArray(ValueLayout.JAVA_BYTE);
        final MemorySegment record = Arena.ofAuto().allocate(all.byteSize() - OVERHEAD, Long.BYTES);
        try (ObjectCipher cipher = new ObjectCipher()) {
            cipher.begin(key, identity, salt);
            cipher.decryptTable(all, all.asSlice(ObjectCipher.PREFIX_LENGTH), record);
            return record;
        } catch (final FormatException e) {
            throw new FormatException(what + ": its " + e.getMessage());
        }
    }
}
