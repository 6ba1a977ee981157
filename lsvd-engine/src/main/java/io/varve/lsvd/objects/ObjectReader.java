package io.varve.lsvd.objects;

import io.varve.linux.Background;
import io.varve.lsvd.crypto.KeyException;
import io.varve.lsvd.crypto.ObjectCipher;
import io.varve.lsvd.crypto.VolumeKeys;
import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.Checksum;
import io.varve.lsvd.format.Codec;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.Frames;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.format.ObjectType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.UUID;

/** Makes payload again of what is stored of objects, and checks it against their checksums. One thread's. */
public final class ObjectReader implements AutoCloseable {
    private static final int ZEROS_CRC = Checksum.of(Arena.ofAuto().allocate(Blocks.SIZE));

    private final VolumeKeys keys;
    private MemorySegment scratch;
    private MemorySegment decrypted;
    private ObjectCipher cipher;
    private ObjectIndex current;

    /**
     * Makes a reader.
     *
     * @param keys of the volume and its ancestors; they stay the caller's.
     */
    public ObjectReader(final VolumeKeys keys) {
        this.keys = keys;
    }

    /** What it reads with. */
    public VolumeKeys keys() {
        return keys;
    }

    /**
     * Checks that a whole, valid header of a given identity stands somewhere, and decrypts its table in place. Any thread.
     *
     * @param key  of the object, for messages.
     * @param keys of the volume and its ancestors.
     * @throws FormatException when it is damaged, of an unknown version, another object's, or not encrypted as it should be.
     */
    public static void validate(
            final ObjectHeader header,
            final String key,
            final UUID volume,
            final long epoch,
            final long sequence,
            final VolumeKeys keys)
            throws FormatException {
        header.validateStored(key, volume, epoch, sequence);
        if (header.isEncrypted()) {
            decryptTable(header, key, keys);
        } else if (keys.has(volume) && header.type() != ObjectType.SEAL) {
            throw new FormatException(key + " is not encrypted, although its volume is");
        }
        header.validateTable(key);
    }

    private static void decryptTable(final ObjectHeader header, final String key, final VolumeKeys keys)
            throws FormatException {
        if (!keys.has(header.volume())) {
            throw new FormatException(key + " is encrypted, and there is no key for it");
        }
        try (ObjectCipher cipher = new ObjectCipher()) {
            cipher.begin(keys.of(header.volume()), header.identity(), header.salt());
            cipher.decryptTable(header.bytes(), header.storedTable(), header.storedTable());
        } catch (final FormatException | KeyException e) {
            throw new FormatException(key + ": its " + e.getMessage());
        }
    }

    /**
     * Makes data blocks of what was read of an object.
     *
     * @param first  of the blocks.
     * @param end    behind the last of them.
     * @param stored what was read, from {@link ObjectIndex#offset} of the first block on; may be shorter than it should be.
     * @param target where the blocks go; may be where {@code stored} is, if they are {@linkplain ObjectIndex#isPlain plain}.
     * @param good   is set for each block, by its number in the object, that is there and matches its checksum, and cleared for the
     *               others.
     */
    public void decode(
            final ObjectIndex index,
            final int first,
            final int end,
            final MemorySegment stored,
            final MemorySegment target,
            final BitSet good) {
        good.clear(first, end);
        final long base = index.offset(first);
        for (int frame = first / Frames.BLOCKS; frame * Frames.BLOCKS < end; frame++) {
            Background.pause();
            final int from = Math.max(first, frame * Frames.BLOCKS);
            final int to = Math.min(end, (frame + 1) * Frames.BLOCKS);
            final MemorySegment place =
                    target.asSlice((long) (from - first) * Blocks.SIZE, (long) (to - from) * Blocks.SIZE);
            final long at = Math.max(0, index.frameOffset(frame) - base);
            switch (index.codec(frame)) {
                case ZEROS -> decodeZeros(index, from, place, good);
                case NONE -> {
                    if (index.isPlain(frame)) {
                        decodePlain(index, from, stored, index.offset(from) - base, place, good);
                    } else {
                        decodeWhole(index, frame, from, stored, at, place, good);
                    }
                }
                default -> decodeWhole(index, frame, from, stored, at, place, good);
            }
        }
    }

    private static void decodePlain(
            final ObjectIndex index,
            final int from,
            final MemorySegment stored,
            final long at,
            final MemorySegment place,
            final BitSet good) {
        final long present = Math.clamp(stored.byteSize() - at, 0, place.byteSize());
        final MemorySegment source = stored.asSlice(Math.min(at, stored.byteSize()), present);
        if (source.address() != place.address()) {
            MemorySegment.copy(source, 0, place, 0, present);
        }
        check(index, from, place.asSlice(0, present & -Blocks.SIZE), good);
    }

    private static void decodeZeros(
            final ObjectIndex index, final int from, final MemorySegment place, final BitSet good) {
        place.fill((byte) 0);
        for (int i = 0; i < place.byteSize() / Blocks.SIZE; i++) {
            good.set(from + i, index.blockCrc(from + i) == ZEROS_CRC);
        }
    }

    private void decodeWhole(
            final ObjectIndex index,
            final int frame,
            final int from,
            final MemorySegment stored,
            final long at,
            final MemorySegment place,
            final BitSet good) {
        final int length = Frames.length(frame, index.payloadLength());
        final boolean isWhole = place.byteSize() == length;
        final MemorySegment whole = isWhole ? place : scratch().asSlice(0, length);
        if (!decodeFrame(index, frame, stored, at, whole)) {
            return;
        }
        if (!isWhole) {
            MemorySegment.copy(whole, (long) (from - frame * Frames.BLOCKS) * Blocks.SIZE, place, 0, place.byteSize());
        }
        check(index, from, place, good);
    }

    /**
     * Checks data blocks that are as a guest wrote them.
     *
     * @param from   the first of them.
     * @param blocks whole blocks.
     * @param good   is set for each block that matches its checksum, and cleared for the others.
     */
    public static void check(final ObjectIndex index, final int from, final MemorySegment blocks, final BitSet good) {
        if (blocks.byteSize() == 0) {
            return;
        }
        final Checksum checksum = new Checksum(blocks);
        for (int i = 0; i < blocks.byteSize() / Blocks.SIZE; i++) {
            good.set(from + i, checksum.of(i * Blocks.SIZE, Blocks.SIZE) == index.blockCrc(from + i));
        }
    }

    /**
     * Makes payload of whole frames.
     *
     * @param first  of the frames.
     * @param end    behind the last of them.
     * @param stored what was read, from {@link ObjectIndex#frameOffset} of the first frame on.
     * @param target as long as the payload of those frames.
     * @throws FormatException when one is damaged, or missing.
     */
    public void decodeFrames(
            final ObjectIndex index,
            final int first,
            final int end,
            final MemorySegment stored,
            final MemorySegment target)
            throws FormatException {
        for (int frame = first; frame < end; frame++) {
            Background.pause();
            final MemorySegment place =
                    target.asSlice((long) (frame - first) * Frames.SIZE, Frames.length(frame, index.payloadLength()));
            if (!decodeFrame(index, frame, stored, index.frameOffset(frame) - index.frameOffset(first), place)) {
                throw new FormatException(index.key() + " is damaged: its checksum does not match");
            }
        }
    }

    private boolean decodeFrame(
            final ObjectIndex index,
            final int frame,
            final MemorySegment stored,
            final long at,
            final MemorySegment place) {
        final int length = index.storedLength(frame);
        if (at + length > stored.byteSize()) {
            return false;
        }
        final MemorySegment bytes = stored.asSlice(at, length);
        final Codec codec = index.codec(frame);
        if (codec == Codec.ZEROS) {
            place.fill((byte) 0);
            return true;
        }
        if (Checksum.of(bytes) != index.frameCrc(frame)) {
            return false;
        }
        if (index.salt() == null) {
            return decompress(codec, bytes, place);
        }
        final MemorySegment plain = decrypt(index, frame, bytes, codec == Codec.NONE ? place : decrypted());
        return plain != null && (codec == Codec.NONE || FrameCodec.decompress(codec, plain, place));
    }

    private static boolean decompress(final Codec codec, final MemorySegment bytes, final MemorySegment place) {
        if (codec == Codec.NONE) {
            MemorySegment.copy(bytes, 0, place, 0, bytes.byteSize());
            return true;
        }
        return FrameCodec.decompress(codec, bytes, place);
    }

    /** Returns null when it is not what was written there. */
    private MemorySegment decrypt(
            final ObjectIndex index, final int frame, final MemorySegment bytes, final MemorySegment target) {
        try {
            if (current != index) {
                current = null;
                if (cipher == null) {
                    cipher = new ObjectCipher();
                }
                cipher.begin(keys.of(index.identity().volume()), index.identity(), index.salt());
                current = index;
            }
            return target.asSlice(0, cipher.decryptFrame(frame, bytes, target));
        } catch (final FormatException | KeyException e) {
            return null;
        }
    }

    private MemorySegment decrypted() {
        if (decrypted == null) {
            decrypted = Arena.ofAuto().allocate(Frames.SIZE, 64);
        }
        return decrypted;
    }

    /** Forgets keys. Idempotent. */
    @Override
    public void close() {
        current = null;
        if (cipher != null) {
            cipher.close();
        }
    }

    private MemorySegment scratch() {
        if (scratch == null) {
            scratch = Arena.ofAuto().allocate(Frames.SIZE, 64);
        }
        return scratch;
    }
}
