package io.varve.lsvd.crypto;

import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.KDF;
import javax.crypto.spec.HKDFParameterSpec;

/** HKDF-SHA256 (RFC 5869), by the JDK. Any thread. */
final class Hkdf {
    private Hkdf() {}

    /**
     * Derives bytes.
     *
     * @param secret what they are derived from; not changed.
     * @param length in bytes: at most 255 x 32.
     * @return bytes on the heap, which the caller wipes.
     */
    static byte[] derive(final byte[] secret, final byte[] salt, final byte[] info, final int length) {
        final byte[] copy = secret.clone();
        try {
            return KDF.getInstance("HKDF-SHA256")
                    .deriveData(HKDFParameterSpec.ofExtract()
                            .addIKM(copy)
                            .addSalt(salt)
                            .thenExpand(info, length));
        } catch (final GeneralSecurityException e) {
            throw new AssertionError("every JDK of this version has HKDF-SHA256", e);
        } finally {
            Arrays.fill(copy, (byte) 0);
        }
    }
}
