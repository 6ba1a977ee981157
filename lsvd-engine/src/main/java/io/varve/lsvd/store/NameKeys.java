package io.varve.lsvd.store;

import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/**
 * Names of volumes as parts of keys. A short one of lower-case letters, digits and {@code - _ .} stands as it is. Any other is
 * its UTF-8 in base 32 (RFC 4648, section 7, in lower case and without padding), so that order is kept, behind a {@code _};
 * what is too long for the name of a file is cut in parts, of which all but the last begin with {@code __}.
 */
final class NameKeys {
    private static final Pattern PLAIN = Pattern.compile("[a-z0-9][a-z0-9._-]{0,199}");
    private static final String DIGITS = "0123456789abcdefghijklmnopqrstuv";
    private static final int BITS = 5;
    private static final int PART_LENGTH = 200;

    private NameKeys() {}

    static String encode(final String name) {
        if (PLAIN.matcher(name).matches()) {
            return name;
        }
        final StringBuilder digits = new StringBuilder();
        int bits = 0;
        int count = 0;
        for (final byte each : name.getBytes(StandardCharsets.UTF_8)) {
            bits = bits << Byte.SIZE | each & 0xff;
            for (count += Byte.SIZE; count >= BITS; count -= BITS) {
                digits.append(DIGITS.charAt(bits >>> count - BITS & 0x1f));
            }
            bits &= (1 << count) - 1;
        }
        if (count > 0) {
            digits.append(DIGITS.charAt(bits << BITS - count & 0x1f));
        }
        final StringBuilder parts = new StringBuilder();
        int at = 0;
        for (; digits.length() - at > PART_LENGTH; at += PART_LENGTH) {
            parts.append("__").append(digits, at, at + PART_LENGTH).append('/');
        }
        return parts.append('_').append(digits, at, digits.length()).toString();
    }

    /**
     * The name that was {@linkplain #encode encoded}.
     *
     * @throws IllegalArgumentException when it was none.
     */
    static String decode(final String parts) {
        if (!isEncoded(parts)) {
            throw new IllegalArgumentException("not the key of a name: " + parts);
        }
        return read(parts);
    }

    /** Whether a part of a key is a name that was encoded. */
    static boolean isEncoded(final String parts) {
        final String name = read(parts);
        return !name.isEmpty() && encode(name).equals(parts);
    }

    private static String read(final String parts) {
        if (PLAIN.matcher(parts).matches()) {
            return parts;
        }
        final String digits = parts.replace("__", "").replace("/", "").replaceFirst("_", "");
        final byte[] bytes = new byte[digits.length() * BITS / Byte.SIZE];
        int bits = 0;
        int count = 0;
        int length = 0;
        for (int i = 0; i < digits.length(); i++) {
            bits = bits << BITS | DIGITS.indexOf(digits.charAt(i));
            count += BITS;
            if (count >= Byte.SIZE) {
                count -= Byte.SIZE;
                bytes[length++] = (byte) (bits >>> count);
                bits &= (1 << count) - 1;
            }
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
