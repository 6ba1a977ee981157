package io.varve.lsvd.verify;

/**
 * Something that is damaged.
 *
 * @param object   key of the object.
 * @param problem  what is wrong, to be read behind the key.
 * @param affected what of the volume cannot be read for it; empty when only data that is not in use any more is.
 * @param snapshot name of the snapshot that needs it, if the volume itself does not; else null.
 */
public record Finding(String object, String problem, Ranges affected, String snapshot) {
    private static final String KEY_START = "volumes/";

    /**
     * A finding out of a message.
     *
     * @param key     of the object, unless the message begins with another.
     * @param message one line for people.
     */
    static Finding of(final String key, final String message, final Ranges affected) {
        final int end = message.indexOf(' ');
        return message.startsWith(KEY_START) && end > 0
                ? new Finding(message.substring(0, end), message.substring(end + 1), affected, null)
                : new Finding(key, message, affected, null);
    }

    Finding of(final String newSnapshot) {
        return new Finding(object, problem, affected, newSnapshot);
    }
}
