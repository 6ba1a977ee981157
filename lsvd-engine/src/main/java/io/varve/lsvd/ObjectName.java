package io.varve.lsvd;

import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/** What names of volumes and snapshots look like: what RBD, Cinder and CSI call theirs fits. */
public final class ObjectName {
    /** What a name looks like, for messages. */
    public static final String RULE =
            "1 to 128 characters but '/', '@' and control characters, not beginning with '-' and"
                    + " without space at either end";

    private static final int MAX_CHARACTERS = 128;

    /** So that a name fits a key: see {@link io.varve.lsvd.store.ObjectStore#MAX_KEY_LENGTH}. */
    private static final int MAX_BYTES = 384;

    private static final Pattern FORBIDDEN = Pattern.compile("[/@\\p{Cntrl}\\p{Cs}\\u0080-\\u009f\\u2028\\u2029]");

    private ObjectName() {}

    /** Whether a text can be a name. */
    public static boolean isValid(final String name) {
        return !name.isEmpty()
                && name.codePointCount(0, name.length()) <= MAX_CHARACTERS
                && name.getBytes(StandardCharsets.UTF_8).length <= MAX_BYTES
                && name.charAt(0) != '-'
                && name.strip().equals(name)
                && !name.equals(".")
                && !name.equals("..")
                && !FORBIDDEN.matcher(name).find();
    }

    /**
     * Checks the name of something.
     *
     * @param what it is, for the message.
     * @throws VolumeException when it is none.
     */
    public static void check(final String what, final String name) throws VolumeException {
        if (!isValid(name)) {
            final String shown = name.replaceAll("[\\p{Cntrl}\\u0080-\\u009f\\u2028\\u2029]", "?");
            throw new VolumeException(
                    VolumeException.Kind.INVALID, "'" + shown + "' is no name for a " + what + ": use " + RULE);
        }
    }
}
