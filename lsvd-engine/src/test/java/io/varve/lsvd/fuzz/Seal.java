package io.varve.lsvd.fuzz;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/** Makes checksums and magics right that stand in bytes of any kind, so that what is behind them is reached. */
final class Seal {
    private static final int LENGTH = 12;
    private static final int TABLE = 128;
    private static final int FRAME = 64 << 10;

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

    /** As {@link #object(byte[], boolean)}, its lengths too. */
    static void object(final byte[] bytes) {
        object(bytes, true);
    }

    /**
     * Completes the header of an object, and what it says of its frames, in bytes that begin with one. Frames are stored as they are; those of
     * data, which nobody reads here, need not be there.
     *
     * @param isMeasured whether it is as long as it says.
     */
    static void object(final byte[] bytes, final boolean isMeasured) {
        if (bytes.length < TABLE + 56) {
            return;
        }
        final ByteBuffer view = view(bytes);
        view.putInt(0, 0x4f565256).putShort(4, (short) 4).putInt(80, 0);
        final int length = view.getInt(LENGTH);
        if (length < TABLE + 56 || length > bytes.length) {
            return;
        }
        final long extents = view.getInt(TABLE + 32);
        final long blocks = view.getInt(TABLE + 36);
        final boolean isData = view.getShort(6) == 1;
        final long payload = isData ? blocks * 4096 : bytes.length - length;
        final long frames = (payload + FRAME - 1) / FRAME;
        final long entries = TABLE + 56 + extents * 16 + blocks * 4;
        if (isMeasured && extents >= 0 && blocks >= 0 && entries + frames * 8 <= length) {
            view.putInt(84, (int) (entries + frames * 8 - TABLE))
                    .putLong(TABLE + 40, payload)
                    .putInt(TABLE + 48, (int) frames)
                    .putLong(64, length + payload);
            for (int i = 0; i < frames; i++) {
                final int stored = (int) Math.min(FRAME, payload - (long) i * FRAME);
                view.putInt((int) entries + i * 8, stored);
                view.putInt((int) entries + i * 8 + 4, isData ? 0 : crc(bytes, length + i * FRAME, stored));
            }
        }
        view.putInt(8, crc(bytes, 0, length, 8));
    }
}
