package io.varve.lsvd.crypto;

import java.util.Arrays;
import javax.crypto.SecretKey;

/** A key for one of the JDK's AES ciphers, on the heap while it is needed, that can be wiped. */
final class CipherKey implements SecretKey {
    private static final long serialVersionUID = 1L;

    /** Length in bytes. */
    static final int LENGTH = 32;

    private final transient byte[] bytes;

    /** Takes a part of an array, which the caller wipes. */
    CipherKey(final byte[] source, final int offset) {
        bytes = Arrays.copyOfRange(source, offset, offset + LENGTH);
    }

    @Override
    public String getAlgorithm() {
        return "AES";
    }

    @Override
    public String getFormat() {
        return "RAW";
    }

    @Override
    public byte[] getEncoded() {
        return bytes.clone();
    }

    @Override
    public void destroy() {
        Arrays.fill(bytes, (byte) 0);
    }
}
