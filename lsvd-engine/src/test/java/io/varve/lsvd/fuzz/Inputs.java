package io.varve.lsvd.fuzz;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** How inputs of targets are made up. */
final class Inputs {
    /** The identity that the golden files have. */
    static final UUID VOLUME = UUID.fromString("00112233-4455-6677-8899-aabbccddeeff");

    /** Greatest number of parts of an input that are looked at. */
    private static final int MAX_PARTS = 64;

    private Inputs() {}

    /** Some bytes with what is to be done to them. */
    record Part(int kind, int number, byte[] bytes) {}

    /** The bytes of a golden file. */
    static byte[] golden(final String name) {
        try (InputStream file = Inputs.class.getResourceAsStream("/io/varve/lsvd/" + name + ".bin")) {
            return file.readAllBytes();
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A record behind a byte that says what to do with it. */
    static byte[] withMode(final int mode, final byte[] record) {
        final byte[] input = new byte[record.length + 1];
        input[0] = (byte) mode;
        System.arraycopy(record, 0, input, 1, record.length);
        return input;
    }

    /** Parts, each behind its kind, its number and its length (u16). */
    static byte[] ofParts(final Part... parts) {
        final ByteArrayOutputStream input = new ByteArrayOutputStream();
        for (final Part part : parts) {
            input.write(part.kind);
            input.write(part.number);
            input.write(part.bytes.length);
            input.write(part.bytes.length >> Byte.SIZE);
            input.writeBytes(part.bytes);
        }
        return input.toByteArray();
    }

    /** The parts of an input; the last one may be cut short. */
    static List<Part> parts(final byte[] input) {
        final ByteBuffer rest = ByteBuffer.wrap(input).order(ByteOrder.LITTLE_ENDIAN);
        final List<Part> parts = new ArrayList<>();
        while (rest.remaining() >= 4 && parts.size() < MAX_PARTS) {
            final int kind = rest.get() & 0xff;
            final int number = rest.get() & 0xff;
            final byte[] bytes = new byte[Math.min(rest.getShort() & 0xffff, rest.remaining())];
            rest.get(bytes);
            parts.add(new Part(kind, number, bytes));
        }
        return parts;
    }
}
