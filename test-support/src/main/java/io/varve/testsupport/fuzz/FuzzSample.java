package io.varve.testsupport.fuzz;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;

/** A little of what {@code dev/fuzz} does, the same in every run: the kept inputs of a target, and mutations of them. */
public final class FuzzSample {
    private static final int MOST_MUTATIONS = 8;
    private static final int MOST_INSERTED = 64;
    private static final int MOST_LENGTH = 64 << 10;
    private static final long[] INTERESTING = {
        0,
        1,
        2,
        -1,
        127,
        128,
        255,
        256,
        4095,
        4096,
        1 << 16,
        1 << 24,
        Integer.MAX_VALUE,
        1L << 32,
        1L << 39,
        1L << 56,
        Integer.MIN_VALUE,
        Long.MAX_VALUE,
        Long.MIN_VALUE
    };

    private FuzzSample() {}

    /** What a target begins with, and what is kept for it. */
    public static List<byte[]> inputs(final FuzzTarget target) throws IOException {
        final List<byte[]> inputs = new ArrayList<>(target.seeds());
        inputs.addAll(KeptInputs.of(target).inputs());
        return inputs;
    }

    /**
     * Runs a target on its inputs, then on mutations of them.
     *
     * @param executions number of mutations; {@link FuzzTarget#sampled} in a build.
     * @throws AssertionError names the input that was not read as it should be.
     */
    public static void run(final FuzzTarget target, final int executions, final long seed) throws IOException {
        final List<byte[]> inputs = inputs(target);
        for (final byte[] input : inputs) {
            run(target, input);
        }
        final Random random = new Random(seed);
        for (int i = 0; i < executions; i++) {
            run(target, mutated(inputs, random));
        }
    }

    private static void run(final FuzzTarget target, final byte[] input) {
        try {
            FuzzRun.run(target, input);
        } catch (final Exception | Error e) {
            throw new AssertionError(
                    target.name() + " failed on " + Base64.getEncoder().encodeToString(input) + ", in hex "
                            + HexFormat.of().formatHex(input, 0, Math.min(input.length, 256)),
                    e);
        }
    }

    private static byte[] mutated(final List<byte[]> inputs, final Random random) {
        byte[] bytes = inputs.get(random.nextInt(inputs.size())).clone();
        for (int i = random.nextInt(MOST_MUTATIONS); i >= 0; i--) {
            bytes = mutated(bytes, inputs, random);
        }
        return bytes;
    }

    private static byte[] mutated(final byte[] bytes, final List<byte[]> inputs, final Random random) {
        final int length = bytes.length;
        final int at = length == 0 ? 0 : random.nextInt(length);
        switch (random.nextInt(8)) {
            case 0 -> {
                return Arrays.copyOf(bytes, at);
            }
            case 1 -> {
                return inserted(bytes, at, random.nextInt(Math.min(MOST_INSERTED, MOST_LENGTH - length) + 1), random);
            }
            case 2 -> {
                final int end = at + random.nextInt(length - at + 1);
                return joined(bytes, at, bytes, end);
            }
            case 3 -> {
                final byte[] other = inputs.get(random.nextInt(inputs.size()));
                return joined(bytes, at, other, other.length == 0 ? 0 : random.nextInt(other.length));
            }
            case 4 -> {
                if (length > 0) {
                    bytes[at] ^= (byte) (1 << random.nextInt(Byte.SIZE));
                }
                return bytes;
            }
            case 5 -> {
                if (length > 0) {
                    bytes[at] = (byte) random.nextInt();
                }
                return bytes;
            }
            default -> {
                put(bytes, at, 1 << random.nextInt(4), interesting(random));
                return bytes;
            }
        }
    }

    private static byte[] inserted(final byte[] bytes, final int at, final int count, final Random random) {
        final byte[] more = new byte[bytes.length + count];
        System.arraycopy(bytes, 0, more, 0, at);
        for (int i = at; i < at + count; i++) {
            more[i] = (byte) random.nextInt();
        }
        System.arraycopy(bytes, at, more, at + count, bytes.length - at);
        return more;
    }

    /** The beginning of an input up to a place, and another one from a place on. */
    private static byte[] joined(final byte[] first, final int end, final byte[] second, final int start) {
        final byte[] joined = Arrays.copyOf(first, Math.min(MOST_LENGTH, end + second.length - start));
        System.arraycopy(second, start, joined, end, joined.length - end);
        return joined;
    }

    /** Writes the low bytes of a value, little-endian, as far as there is room; often where such a field would be aligned. */
    private static void put(final byte[] bytes, final int at, final int size, final long value) {
        final ByteBuffer field = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        field.putLong(0, value);
        final int place = (value & 1) == 0 ? at & -size : at;
        System.arraycopy(field.array(), 0, bytes, place, Math.min(size, bytes.length - place));
    }

    private static long interesting(final Random random) {
        final long value = INTERESTING[random.nextInt(INTERESTING.length)];
        return random.nextInt(3) == 0 ? value + random.nextInt(3) - 1 : value;
    }
}
