package io.varve.lsvd.crypto;

import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.ObjectIdentity;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;

/**
 * AES-256-GCM (NIST SP 800-38D) of an object's frames and table, each under the object's own key and with its own number as the nonce. One thread's,
 * for many objects, one after the other. An encrypted frame is {@value #TAG_LENGTH} bytes longer than a plain one: its tag stands behind it.
 *
 * <p>Nothing of a frame that is not what was written comes out: the tag is checked first. Since a frame's nonce is its number and an
 * object's key is made of its identity and a salt, whoever encrypts has to draw a new salt for whatever it builds, also for an object
 * that it builds a second time.
 */
public final class ObjectCipher implements AutoCloseable {
    /** Length of a tag in bytes. */
    public static final int TAG_LENGTH = 16;

    /** Greatest length of a plain frame in bytes. */
    public static final int MAX_FRAME = 64 << 10;

    /** Length in bytes of the header's part that is bound to the table. */
    public static final int PREFIX_LENGTH = 128;

    private static final int CRC_OFFSET = 8;
    private static final int TAG_BITS = 8 * TAG_LENGTH;
    private static final int TABLE = -1;

    private final Cipher cipher;
    private final byte[] nonce = new byte[12];
    private final byte[] prefix = new byte[PREFIX_LENGTH];
    private byte[] input = new byte[MAX_FRAME + TAG_LENGTH];
    private byte[] output = new byte[MAX_FRAME + TAG_LENGTH];
    private CipherKey key;

    /** Makes a cipher that has no object yet. */
    public ObjectCipher() {
        try {
            cipher = Cipher.getInstance("AES/GCM/NoPadding");
        } catch (final GeneralSecurityException e) {
            throw new AssertionError("every JDK has AES", e);
        }
    }

    /**
     * Begins an object; the key of the one before is forgotten.
     *
     * @param dataKey of the object's volume.
     * @param salt    {@value DataKey#OBJECT_SALT_LENGTH} bytes of its header: random ones, when it is being made.
     */
    public void begin(final DataKey dataKey, final ObjectIdentity identity, final byte[] salt) {
        final byte[] bytes = dataKey.objectKey(identity, salt);
        try {
            begin(bytes);
        } finally {
            Arrays.fill(bytes, (byte) 0);
        }
    }

    /** Begins an object whose key is known, and wiped by the caller. */
    void begin(final byte[] bytes) {
        forget();
        key = new CipherKey(bytes, 0);
    }

    /**
     * Encrypts a frame, once for each number in an object.
     *
     * @param number of the frame, from 0 up.
     * @param source what it holds: at most {@value #MAX_FRAME} bytes.
     * @param target where to: {@value #TAG_LENGTH} bytes longer at least; may be the same memory.
     * @return bytes written.
     */
    public int encryptFrame(final int number, final MemorySegment source, final MemorySegment target) {
        checkFrame(number, source.byteSize() - MAX_FRAME);
        return encrypt(number, null, source, target);
    }

    /**
     * Decrypts a frame.
     *
     * @param number of the frame, from 0 up.
     * @param source what is stored, tag and all.
     * @param target where to: {@value #TAG_LENGTH} bytes shorter at most; may be the same memory.
     * @return bytes written.
     * @throws FormatException when it is not that frame of that object as it was written; nothing is written to the target then.
     */
    public int decryptFrame(final int number, final MemorySegment source, final MemorySegment target)
            throws FormatException {
        checkFrame(number, source.byteSize() - MAX_FRAME - TAG_LENGTH);
        return decrypt(number, null, source, target, "frame " + number);
    }

    /**
     * Encrypts the table; once for an object.
     *
     * @param header begins with the object's header, whole but for the CRC.
     * @param source the plain table.
     * @param target where to: {@value #TAG_LENGTH} bytes longer at least; may be the same memory.
     * @return bytes written.
     */
    public int encryptTable(final MemorySegment header, final MemorySegment source, final MemorySegment target) {
        return encrypt(TABLE, header, source, target);
    }

    /**
     * Decrypts the table.
     *
     * @param header begins with the object's header.
     * @param source what is stored, tag and all: the caller bounds its length.
     * @param target where to: {@value #TAG_LENGTH} bytes shorter at most; may be the same memory.
     * @return bytes written.
     * @throws FormatException when it is not the table of that object, under that header, as it was written.
     */
    public int decryptTable(final MemorySegment header, final MemorySegment source, final MemorySegment target)
            throws FormatException {
        return decrypt(TABLE, header, source, target, "table");
    }

    private static void checkFrame(final int number, final long excess) {
        if (number < 0 || excess > 0) {
            throw new IllegalArgumentException("no frame: number " + number + ", too long by " + excess);
        }
    }

    private int encrypt(
            final int number, final MemorySegment header, final MemorySegment source, final MemorySegment target) {
        try {
            return run(Cipher.ENCRYPT_MODE, number, header, source, target);
        } catch (final GeneralSecurityException e) {
            throw new IllegalStateException("a frame or table can't be encrypted", e);
        }
    }

    private int decrypt(
            final int number,
            final MemorySegment header,
            final MemorySegment source,
            final MemorySegment target,
            final String what)
            throws FormatException {
        if (source.byteSize() < TAG_LENGTH) {
            throw new FormatException(what + " is damaged: it is shorter than its tag");
        }
        try {
            return run(Cipher.DECRYPT_MODE, number, header, source, target);
        } catch (final AEADBadTagException e) {
            throw new FormatException(what + " is not what was written there, or another key was used");
        } catch (final GeneralSecurityException e) {
            throw new IllegalStateException("a frame or table can't be decrypted", e);
        }
    }

    private int run(
            final int mode,
            final int number,
            final MemorySegment header,
            final MemorySegment source,
            final MemorySegment target)
            throws GeneralSecurityException {
        for (int i = 0; i < Integer.BYTES; i++) {
            nonce[i] = (byte) (number >>> 8 * i);
        }
        cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
        if (header != null) {
            MemorySegment.copy(header, ValueLayout.JAVA_BYTE, 0, prefix, 0, PREFIX_LENGTH);
            Arrays.fill(prefix, CRC_OFFSET, CRC_OFFSET + Integer.BYTES, (byte) 0);
            cipher.updateAAD(prefix);
        }
        final int length = Math.toIntExact(source.byteSize());
        reserve(length + TAG_LENGTH);
        MemorySegment.copy(source, ValueLayout.JAVA_BYTE, 0, input, 0, length);
        final int written = cipher.doFinal(input, 0, length, output, 0);
        MemorySegment.copy(output, 0, target, ValueLayout.JAVA_BYTE, 0, written);
        return written;
    }

    private void reserve(final int length) {
        if (input.length < length) {
            wipe();
            input = new byte[length];
            output = new byte[length];
        }
    }

    private void wipe() {
        Arrays.fill(input, (byte) 0);
        Arrays.fill(output, (byte) 0);
    }

    private void forget() {
        if (key != null) {
            key.destroy();
            key = null;
        }
    }

    /** Forgets the key, and what has passed. Idempotent; {@link #begin} begins anew. */
    @Override
    public void close() {
        forget();
        wipe();
    }
}
