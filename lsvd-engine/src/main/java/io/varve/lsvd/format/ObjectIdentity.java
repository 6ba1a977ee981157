package io.varve.lsvd.format;

import java.util.UUID;

/**
 * Which object of which volume one is, and who wrote it; an encrypted object's key is derived from all of it.
 *
 * @param volume   that it belongs to.
 * @param epoch    in which it was written.
 * @param sequence its place in the volume's sequence.
 * @param nonce    of the epoch.
 * @param part     of a checkpoint, from 1 up; 0 of every other object.
 */
public record ObjectIdentity(UUID volume, long epoch, long sequence, UUID nonce, int part) {
    /** The identity of an object that is no part of another. */
    public ObjectIdentity(final UUID volume, final long epoch, final long sequence, final UUID nonce) {
        this(volume, epoch, sequence, nonce, 0);
    }
}
