package io.varve.lsvd.format;

import java.nio.ByteBuffer;

/**
 * How what is stored is compressed.
 *
 * @param codec {@link Codec#NONE}, {@link Codec#LZ4} or {@link Codec#ZSTD}.
 * @param level of Zstandard, from {@value #MIN_LEVEL} to {@value #MAX_LEVEL}; 0 for the others.
 */
public record Compression(Codec codec, int level) {
    /** Least level of Zstandard: faster than level 1, and larger. */
    public static final int MIN_LEVEL = -7;

    /** Greatest level of Zstandard: what is above takes much memory. */
    public static final int MAX_LEVEL = 19;

    /** No compression. */
    public static final Compression NONE = new Compression(Codec.NONE, 0);

    /** LZ4. */
    public static final Compression LZ4 = new Compression(Codec.LZ4, 0);

    /** Checks what it is made of. */
    public Compression {
        if (!isPossible(codec, level)) {
            throw new IllegalArgumentException("no compression: " + codec + ", level " + level);
        }
    }

    /** Zstandard of a level. */
    public static Compression zstd(final int level) {
        return new Compression(Codec.ZSTD, level);
    }

    void encode(final ByteBuffer payload) {
        payload.put((byte) codec.code()).put((byte) level);
    }

    static Compression decode(final String what, final ByteBuffer payload) throws FormatException {
        final Codec codec = Codec.of(payload.get() & 0xff);
        final int level = payload.get();
        if (!isPossible(codec, level)) {
            throw new FormatException(what + " asks for a compression that this version does not know");
        }
        return new Compression(codec, level);
    }

    private static boolean isPossible(final Codec codec, final int level) {
        return codec == Codec.ZSTD
                ? level != 0 && level >= MIN_LEVEL && level <= MAX_LEVEL
                : (codec == Codec.NONE || codec == Codec.LZ4) && level == 0;
    }
}
