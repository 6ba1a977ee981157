package io.varve.lsvd.objects;

import io.varve.linux.Background;
import io.varve.lsvd.crypto.DataKey;
import io.varve.lsvd.crypto.ObjectCipher;
import io.varve.lsvd.format.Checksum;
import io.varve.lsvd.format.Codec;
import io.varve.lsvd.format.Compression;
import io.varve.lsvd.format.Frames;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.format.ObjectIdentity;
import io.varve.lsvd.format.ObjectType;
import java.lang.foreign.MemorySegment;
import java.security.SecureRandom;

/**
 * Makes objects: whoever has a payload begins a {@link Draft}, fills in header and payload, and gets the object as it is to be stored, its
 * frames compressed where that is worth it. One thread's.
 */
public final class ObjectWriter implements AutoCloseable {
    private final ObjectMemory memory;
    private final Compression compression;
    private final DataKey key;
    private final FrameCodec codec;
    private final ObjectCipher cipher;
    private final SecureRandom random;

    /** Makes a writer of plain objects; {@code memory} is for drafts and objects. */
    public ObjectWriter(final ObjectMemory memory, final Compression compression) {
        this(memory, compression, null);
    }

    /**
     * Makes a writer.
     *
     * @param memory for drafts and objects.
     * @param key    that objects are encrypted with; null for none.
     */
    public ObjectWriter(final ObjectMemory memory, final Compression compression, final DataKey key) {
        this.memory = memory;
        this.compression = compression;
        this.key = key;
        codec = new FrameCodec(compression);
        cipher = key == null ? null : new ObjectCipher();
        random = key == null ? null : new SecureRandom();
    }

    /**
     * Sees that this host has the library that a compression needs.
     *
     * @throws UnsupportedOperationException in one line for people, when it lacks it.
     */
    public static void require(final Compression compression) {
        FrameCodec.load(compression.codec());
    }

    /** Begins an object. */
    public Draft begin(final ObjectType type, final ObjectIdentity identity, final ObjectHeader.Shape shape) {
        return new Draft(type, identity, shape);
    }

    /** Forgets keys; nothing is made any more. Idempotent. */
    @Override
    public void close() {
        codec.close();
        if (cipher != null) {
            cipher.close();
        }
    }

    /** An object that is being made. It is {@linkplain #finish finished} or {@linkplain #drop dropped}. */
    public final class Draft {
        private final int headerLength;
        private final MemorySegment object;
        private final MemorySegment payload;
        private final boolean isInPlace;
        private final ObjectHeader header;
        private boolean isPayloadGiven;

        private Draft(final ObjectType type, final ObjectIdentity identity, final ObjectHeader.Shape shape) {
            final byte[] salt = key == null ? null : new byte[ObjectHeader.SALT_LENGTH];
            headerLength = shape.headerLength(key != null);
            isInPlace = compression.codec() == Codec.NONE && key == null || shape.payloadLength() == 0;
            object = memory.take(shape.objectLength(key != null));
            payload = isInPlace ? object.asSlice(headerLength) : takePayload(shape.payloadLength());
            header = new ObjectHeader(object);
            if (key != null) {
                random.nextBytes(salt);
            }
            header.begin(type, identity, shape, salt);
        }

        private MemorySegment takePayload(final long length) {
            try {
                return memory.take(length);
            } catch (final RuntimeException | Error e) {
                memory.give(object);
                throw e;
            }
        }

        /** The header, for what only its maker knows. */
        public ObjectHeader header() {
            return header;
        }

        /** Memory for the payload. */
        public MemorySegment payload() {
            return payload;
        }

        /**
         * Completes the object.
         *
         * @return all of it, in memory that its owner gives back.
         */
        public MemorySegment finish() {
            if (key != null) {
                cipher.begin(key, header.identity(), header.salt());
            }
            long end = headerLength;
            for (int i = 0, n = Frames.count(payload.byteSize()); i < n; i++) {
                Background.pause();
                end += store(i, end);
            }
            giveBackPayload();
            header.length(end);
            if (key != null) {
                final MemorySegment table = header.storedTable();
                cipher.encryptTable(object, table.asSlice(0, table.byteSize() - ObjectHeader.TAG_LENGTH), table);
            }
            header.complete();
            return object.asSlice(0, end);
        }

        /** Stores a frame at an offset in the object, and tells its length there. */
        private int store(final int frame, final long offset) {
            final MemorySegment plain =
                    payload.asSlice((long) frame * Frames.SIZE, Frames.length(frame, payload.byteSize()));
            if (FrameCodec.isZeros(plain)) {
                header.frame(frame, Codec.ZEROS, 0, 0);
                return 0;
            }
            final MemorySegment compressed = isInPlace ? null : codec.compress(plain);
            final MemorySegment bytes = compressed == null ? plain : compressed;
            final int length = (int) bytes.byteSize() + (key == null ? 0 : ObjectHeader.TAG_LENGTH);
            final MemorySegment target = object.asSlice(offset, length);
            if (key != null) {
                cipher.encryptFrame(frame, bytes, target);
            } else if (target.address() != bytes.address()) {
                target.copyFrom(bytes);
            }
            header.frame(frame, compressed == null ? Codec.NONE : compression.codec(), length, Checksum.of(target));
            return length;
        }

        private void giveBackPayload() {
            if (!isInPlace && !isPayloadGiven) {
                isPayloadGiven = true;
                memory.give(payload);
            }
        }

        /** Gives all memory back, of an object that is not to be. */
        public void drop() {
            giveBackPayload();
            memory.give(object);
        }
    }
}
