package io.varve.lsvd.format;

/** How a frame of an object is stored: the number stands in the object's table. */
public enum Codec {
    /** As it is. */
    NONE(0),

    /** As one block of LZ4 (LZ4 Block Format Description), without a frame of LZ4's own. */
    LZ4(1),

    /** As one Zstandard frame (RFC 8878). */
    ZSTD(2),

    /** Not at all: every byte of it is zero. */
    ZEROS(255);

    private final int code;

    Codec(final int code) {
        this.code = code;
    }

    /** The number that stands in tables. */
    public int code() {
        return code;
    }

    /** The codec of a number, or null when unknown. */
    public static Codec of(final int code) {
        return switch (code) {
            case 0 -> NONE;
            case 1 -> LZ4;
            case 2 -> ZSTD;
            case 255 -> ZEROS;
            default -> null;
        };
    }
}
