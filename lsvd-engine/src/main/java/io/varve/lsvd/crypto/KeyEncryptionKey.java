package io.varve.lsvd.crypto;

import io.varve.linux.SecretMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.UUID;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;

/**
 * A key-encryption key that is known: 32 bytes outside the heap. What it wraps is a random nonce of 12 bytes, the data key by AES-256-GCM, and
 * the tag of 16 bytes; the additional data is {@code "varve data key"} and the two volumes' identities, 16 bytes each. By NIST SP
 * 800-38D one key may wrap 2^32 data keys so. Any thread.
 */
public final class KeyEncryptionKey implements KeyWrapper, AutoCloseable {
    /** Length in bytes. */
    public static final int LENGTH = 32;

    private static final byte[] PURPOSE = "varve data key".getBytes(StandardCharsets.US_ASCII);
    private static final int NONCE_LENGTH = 12;
    private static final int TAG_BITS = 128;
    private static final int WRAPPED_LENGTH = NONCE_LENGTH + DataKey.LENGTH + TAG_BITS / 8;

    private final String kind;
    private final String publicName;
    private final SecretMemory memory = new SecretMemory(LENGTH);

    /**
     * Makes a key of bytes, which are wiped.
     *
     * @param bytes {@value #LENGTH} of them.
     */
    public KeyEncryptionKey(final String kind, final String publicName, final byte[] bytes) {
        if (bytes.length != LENGTH) {
            throw new IllegalArgumentException("a key-encryption key has " + LENGTH + " bytes");
        }
        this.kind = kind;
        this.publicName = publicName;
        MemorySegment.copy(bytes, 0, memory.segment(), ValueLayout.JAVA_BYTE, 0, LENGTH);
        Arrays.fill(bytes, (byte) 0);
    }

    @Override
    public String kind() {
        return kind;
    }

    @Override
    public String publicName() {
        return publicName;
    }

    @Override
    public byte[] wrap(final DataKey key, final UUID volume, final UUID keyOf) {
        final byte[] nonce = new byte[NONCE_LENGTH];
        new SecureRandom().nextBytes(nonce);
        final byte[] plain = key.bytes();
        final byte[] wrapped = Arrays.copyOf(nonce, WRAPPED_LENGTH);
        try {
            cipher(Cipher.ENCRYPT_MODE, nonce, volume, keyOf).doFinal(plain, 0, plain.length, wrapped, NONCE_LENGTH);
            return wrapped;
        } catch (final GeneralSecurityException e) {
            throw new AssertionError("every JDK has AES-GCM", e);
        } finally {
            Arrays.fill(plain, (byte) 0);
        }
    }

    @Override
    public DataKey unwrap(final byte[] wrapped, final UUID volume, final UUID keyOf) throws KeyException {
        if (wrapped.length != WRAPPED_LENGTH) {
            throw new KeyException("the volume's key was not wrapped by a " + kind + " key: it has " + wrapped.length
                    + " bytes, not " + WRAPPED_LENGTH);
        }
        try {
            return DataKey.take(cipher(Cipher.DECRYPT_MODE, Arrays.copyOf(wrapped, NONCE_LENGTH), volume, keyOf)
                    .doFinal(wrapped, NONCE_LENGTH, wrapped.length - NONCE_LENGTH));
        } catch (final AEADBadTagException e) {
            throw new KeyException("the key of " + publicName + " is not the one that the volume's key was wrapped by");
        } catch (final GeneralSecurityException e) {
            throw new AssertionError("every JDK has AES-GCM", e);
        }
    }

    private Cipher cipher(final int mode, final byte[] nonce, final UUID volume, final UUID keyOf)
            throws GeneralSecurityException {
        final byte[] bytes = new byte[LENGTH];
        MemorySegment.copy(memory.segment(), ValueLayout.JAVA_BYTE, 0, bytes, 0, LENGTH);
        final CipherKey key = new CipherKey(bytes, 0);
        try {
            final Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
            cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
            final ByteBuffer additional = ByteBuffer.allocate(PURPOSE.length + 4 * Long.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .put(PURPOSE);
            DataKey.putUuid(additional, volume);
            DataKey.putUuid(additional, keyOf);
            cipher.updateAAD(additional.array());
            return cipher;
        } finally {
            key.destroy();
            Arrays.fill(bytes, (byte) 0);
        }
    }

    /** Wipes the key. Idempotent. */
    @Override
    public void close() {
        memory.close();
    }
}
