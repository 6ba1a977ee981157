package io.varve.lsvd.format;

/** A source of the CRC32C of blocks by some index. */
@FunctionalInterface
public interface BlockChecksums {
    /** The CRC32C of a block. */
    int get(long index);
}
