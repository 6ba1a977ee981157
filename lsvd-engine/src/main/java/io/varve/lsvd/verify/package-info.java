/**
 * Checks all that the store holds of a volume: {@link io.varve.lsvd.verify.VolumeVerifier} reads every object that the volume
 * needs, holds every checksum and every reference against each other, and says what is damaged and which ranges of the volume
 * that affects. Needs nothing but the store, and goes on beside a writer.
 */
package io.varve.lsvd.verify;
