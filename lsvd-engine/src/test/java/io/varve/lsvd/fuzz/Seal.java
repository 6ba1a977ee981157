package io.varve.lsvd.fuzz;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/** Makes checksums and magics right that stand in bytes of any kind, so that what is behind them is reached. */
final class Seal {
    private static final int LENGTH = 12;

    private Seal() {}

    static ByteBuffer view(final byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** The CRC32C of a range, where four bytes of it count as zeros. */
    static int crc(final byte[] bytes, final int from, final int length, final int hole) {
        final CRC32C crc = new CRC32C();
        crc.update(bytes, from, hole - from);
        crc.update(new byte[Integer.BYTES], 0, Integer.BYTES);
        crc.update(bytes, hole + Integer.BYTES, from + length - hole - Integer.BYTES);
        return (int) crc.getValue();
    }

    static int crc(final byte[] bytes, final int from, final int length) {
        final CRC32C crc = new CRC32C();
        crc.update(bytes, from, length);
        return (int) crc.getValue();
    }

    /** Frames all of the bytes as one small record that begins as another one does. */
    static void smallRecord(final byte[] bytes, final byte[] example) {
        if (bytes.length >= 16) {
            System.arraycopy(example, 0, bytes, 0, 8);
            view(bytes).putInt(LENGTH, bytes.length);
            view(bytes).putInt(8, crc(bytes, 0, bytes.length, 8));
        }
    }

    /** Completes the header of an object, and what it says of its body, in bytes that begin with one. */
    static void object(final byte[] bytes) {
        if (bytes.length < 128) {
            return;
        }
        final ByteBuffer view = view(bytes);
        view.putInt(0, 0x4f565256).putShort(4, (short) 3);
        final int length = view.getInt(LENGTH);
        if (length >= 128 && length <= bytes.length) {
            if (view.getShort(6) != 1) {
                view.putInt(104, crc(bytes, length, bytes.length - length));
            }
            view.putInt(8, crc(bytes, 0, length, 8));
        }
    }
}
