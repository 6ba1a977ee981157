package io.varve.lsvd.objects;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.Codec;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.Frames;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.format.ObjectIdentity;
import io.varve.lsvd.format.ObjectType;

/** What has to be known of an object to read its payload: where its frames stand, how, and its checksums. Immutable. */
public final class ObjectIndex {
    private final String key;
    private final ObjectIdentity identity;
    private final byte[] salt;
    private final long payloadLength;
    private final int[] blockCrcs;
    private final Codec[] codecs;
    private final int[] frameCrcs;

    /** Where each frame begins in the object, and where the last one ends. */
    private final long[] offsets;

    private ObjectIndex(final String key, final ObjectHeader header) {
        this.key = key;
        identity = header.identity();
        salt = header.isEncrypted() ? header.salt() : null;
        payloadLength = header.payloadLength();
        blockCrcs = new int[header.blockCount()];
        for (int i = 0; i < blockCrcs.length; i++) {
            blockCrcs[i] = header.blockCrc(i);
        }
        final int frames = header.frameCount();
        codecs = new Codec[frames];
        frameCrcs = new int[frames];
        offsets = new long[frames + 1];
        long offset = header.headerLength();
        for (int i = 0; i < frames; i++) {
            codecs[i] = header.codec(i);
            frameCrcs[i] = header.frameCrc(i);
            offsets[i] = offset;
            offset += header.storedLength(i);
        }
        offsets[frames] = offset;
    }

    /**
     * The index of a data object.
     *
     * @param key    of the object, for messages.
     * @param header valid.
     * @throws FormatException when the object holds no data.
     */
    public static ObjectIndex ofData(final String key, final ObjectHeader header) throws FormatException {
        if (header.type() != ObjectType.DATA) {
            throw new FormatException(key + " should hold data and does not");
        }
        return new ObjectIndex(key, header);
    }

    /**
     * The index of any object.
     *
     * @param key    of the object, for messages.
     * @param header valid.
     */
    public static ObjectIndex of(final String key, final ObjectHeader header) {
        return new ObjectIndex(key, header);
    }

    /** The object's key. */
    public String key() {
        return key;
    }

    /** Number of data blocks. */
    public int blockCount() {
        return blockCrcs.length;
    }

    /** CRC32C of a data block. */
    public int blockCrc(final int block) {
        return blockCrcs[block];
    }

    /** CRC32C of each data block; not to be changed. */
    public int[] blockCrcs() {
        return blockCrcs;
    }

    /** Length of the payload in bytes. */
    public long payloadLength() {
        return payloadLength;
    }

    /** Number of frames. */
    public int frameCount() {
        return codecs.length;
    }

    /** Where in the object one has to begin to read, in bytes, for data blocks from {@code first} on. */
    public long offset(final int first) {
        final int frame = first / Frames.BLOCKS;
        return offsets[frame] + (isPlain(frame) ? (long) (first % Frames.BLOCKS) * Blocks.SIZE : 0);
    }

    /** How many bytes have to be read from {@link #offset} on for the data blocks before {@code end}; there is at least one. */
    public int storedLength(final int first, final int end) {
        final int last = (end - 1) / Frames.BLOCKS;
        final long to =
                isPlain(last) ? offsets[last] + (long) (end - last * Frames.BLOCKS) * Blocks.SIZE : offsets[last + 1];
        return Math.toIntExact(to - offset(first));
    }

    /** Whether data blocks are stored as they are, one behind the other, so that they can be read to where they are wanted. */
    public boolean isPlain(final int first, final int end) {
        for (int frame = first / Frames.BLOCKS; frame <= (end - 1) / Frames.BLOCKS; frame++) {
            if (!isPlain(frame)) {
                return false;
            }
        }
        return true;
    }

    /** Whether a frame is stored as it is. */
    boolean isPlain(final int frame) {
        return codecs[frame] == Codec.NONE && salt == null;
    }

    /** What the object is. */
    ObjectIdentity identity() {
        return identity;
    }

    /** The salt of the object's key; null when it is not encrypted. */
    byte[] salt() {
        return salt;
    }

    /** Where a frame begins in the object; that of {@link #frameCount()} is where the last one ends. */
    public long frameOffset(final int frame) {
        return offsets[frame];
    }

    Codec codec(final int frame) {
        return codecs[frame];
    }

    int frameCrc(final int frame) {
        return frameCrcs[frame];
    }

    int storedLength(final int frame) {
        return (int) (offsets[frame + 1] - offsets[frame]);
    }
}
