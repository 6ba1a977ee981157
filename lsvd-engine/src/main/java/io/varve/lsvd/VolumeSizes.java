package io.varve.lsvd;

import io.varve.lsvd.VolumeException.Kind;
import io.varve.lsvd.format.Blocks;

/** Which sizes a volume can have. */
final class VolumeSizes {
    private VolumeSizes() {}

    /**
     * Checks a size in bytes.
     *
     * @throws VolumeException when it is not a multiple of 512, or more than 64 TiB.
     */
    static void check(final long sizeBytes) throws VolumeException {
        if (sizeBytes <= 0) {
            throw new VolumeException(Kind.INVALID, "the size of a volume must be more than 0");
        }
        if (sizeBytes > Blocks.MAX_VOLUME_SIZE) {
            throw new VolumeException(Kind.INVALID, "the size of a volume is at most 64T");
        }
        if (sizeBytes % Blocks.SECTOR_SIZE != 0) {
            throw new VolumeException(Kind.INVALID, "the size of a volume must be a multiple of 512 bytes");
        }
    }
}
