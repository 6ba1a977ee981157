package io.varve.lsvd.format;

import java.util.UUID;

/**
 * Which object of which volume one is, and who wrote it.
 *
 * @param volume   that it belongs to.
 * @param epoch    in which it was written.
 * @param sequence its place in the volume's sequence.
 * @param nonce    of the epoch.
 */
public record ObjectIdentity(UUID volume, long epoch, long sequence, UUID nonce) {}
