package io.varve.keys;

import io.varve.lsvd.crypto.KeyEncryptionKey;
import io.varve.lsvd.crypto.KeyException;
import java.util.Arrays;
import java.util.Base64;

/** A key as a file has it: {@value KeyEncryptionKey#LENGTH} bytes in base64, one line; white space at its end counts for nothing. */
final class KeyText {
    /** Most bytes that are looked at. */
    static final int MAX_LENGTH = 4096;

    private KeyText() {}

    /**
     * Reads a key.
     *
     * @param text wiped here.
     * @param what names where it is from; the text itself is never told.
     */
    static byte[] decode(final byte[] text, final String what) throws KeyException {
        int end = text.length;
        while (end > 0 && isSpace(text[end - 1])) {
            end--;
        }
        final byte[] trimmed = Arrays.copyOf(text, end);
        Arrays.fill(text, (byte) 0);
        byte[] key = null;
        try {
            if (end == 0) {
                throw new KeyException(what + " is empty: it should hold 32 bytes in base64, as"
                        + " 'varve key generate FILE' makes them");
            }
            key = Base64.getDecoder().decode(trimmed);
        } catch (final IllegalArgumentException e) {
            throw new KeyException(what + " is not base64: it should hold 32 bytes in base64, one line, as"
                    + " 'varve key generate FILE' makes them");
        } finally {
            Arrays.fill(trimmed, (byte) 0);
        }
        if (key.length != KeyEncryptionKey.LENGTH) {
            final int length = key.length;
            Arrays.fill(key, (byte) 0);
            throw new KeyException(what + " holds a key of " + length + " bytes: it should have "
                    + KeyEncryptionKey.LENGTH + ", as 'varve key generate FILE' makes them");
        }
        return key;
    }

    /** A key's text, with the end of its line; wiped by the caller. */
    static byte[] encode(final byte[] key) {
        final byte[] text = Base64.getEncoder().encode(key);
        final byte[] line = Arrays.copyOf(text, text.length + 1);
        line[text.length] = '\n';
        Arrays.fill(text, (byte) 0);
        return line;
    }

    private static boolean isSpace(final byte value) {
        return value == ' ' || value == '\n' || value == '\r' || value == '\t';
    }
}
