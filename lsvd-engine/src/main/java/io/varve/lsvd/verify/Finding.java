package io.varve.lsvd.verify;

/**
 * Something that is damaged.
 *
 * @param object   key of the object.
 * @param problem  what is wrong, to be read behind the key.
 * @param affected what of the volume cannot be read for it; empty when only data that is not in use any more is.
 */
public record Finding(String object, String problem, Ranges affected) {
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
                ? new Finding(message.substring(0, end), message.substring(end + 1), affected)
                : new Finding(key, message, affected);
    }
}
