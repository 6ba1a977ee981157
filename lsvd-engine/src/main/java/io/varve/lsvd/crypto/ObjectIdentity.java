package io.varve.lsvd.crypto;

import java.util.UUID;

/**
 * What makes an object the one that it is; its key is derived from all of it.
 *
 * @param volume   that it belongs to.
 * @param epoch    that it was written in.
 * @param sequence its number.
 * @param nonce    of the epoch.
 * @param part     of a checkpoint; 0 in other objects.
 */
public record ObjectIdentity(UUID volume, long epoch, long sequence, UUID nonce, int part) {}
