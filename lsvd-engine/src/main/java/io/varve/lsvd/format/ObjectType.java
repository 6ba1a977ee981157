package io.varve.lsvd.format;

/** What an object in a volume's sequence is. */
public enum ObjectType {
    /** A batch of the log: extents and their data. */
    DATA(1),
    /** The extent map as it stood after all objects before this one. */
    CHECKPOINT(2),
    /** The end of an epoch. */
    SEAL(3);

    private final int code;

    ObjectType(final int code) {
        this.code = code;
    }

    /** The number that stands in headers. */
    public int code() {
        return code;
    }

    /** The type of a number, or null when unknown. */
    public static ObjectType of(final int code) {
        for (final ObjectType type : values()) {
            if (type.code == code) {
                return type;
            }
        }
        return null;
    }
}
