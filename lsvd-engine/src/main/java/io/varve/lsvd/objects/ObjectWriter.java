package io.varve.lsvd.objects;

import io.varve.linux.Background;
import io.varve.lsvd.format.Checksum;
import io.varve.lsvd.format.Codec;
import io.varve.lsvd.format.Compression;
import io.varve.lsvd.format.Frames;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.format.ObjectIdentity;
import io.varve.lsvd.format.ObjectType;
import java.lang.foreign.MemorySegment;

/**
 * Makes objects: whoever has a payload begins a {@link Draft}, fills in header and payload, and gets the object as it is to be stored, its
 * frames compressed where that is worth it. One thread's.
 */
public final class ObjectWriter {
    private final ObjectMemory memory;
    private final Compression compression;
    private final FrameCodec codec = new FrameCodec();

    /**
     * Makes a writer.
     *
     * @param memory for drafts and objects.
     */
    public ObjectWriter(final ObjectMemory memory, final Compression compression) {
        this.memory = memory;
        this.compression = compression;
    }

    /** Begins an object. */
    public Draft begin(final ObjectType type, final ObjectIdentity identity, final ObjectHeader.Shape shape) {
        return new Draft(type, identity, shape);
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
            headerLength = shape.headerLength();
            isInPlace = compression.codec() == Codec.NONE || shape.payloadLength() == 0;
            object = memory.take(shape.objectLength());
            payload = isInPlace ? object.asSlice(headerLength) : takePayload(shape.payloadLength());
            header = new ObjectHeader(object);
            header.begin(type, identity, shape);
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
            long end = headerLength;
            for (int i = 0, n = Frames.count(payload.byteSize()); i < n; i++) {
                Background.pause();
                end += store(i, end);
            }
            giveBackPayload();
            header.complete(end);
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
            final MemorySegment compressed = isInPlace ? null : codec.compress(compression, plain);
            final MemorySegment bytes = compressed == null ? plain : compressed;
            final int length = (int) bytes.byteSize();
            final MemorySegment target = object.asSlice(offset, length);
            if (target.address() != bytes.address()) {
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
