package io.varve.lsvd.read;

import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.format.ObjectType;

/**
 * What has to be known of an object to read data out of it.
 *
 * @param headerLength where its data begins, in bytes.
 * @param crcs         CRC32C of each data block.
 */
record ObjectIndex(int headerLength, int[] crcs) {
    static ObjectIndex of(final String key, final ObjectHeader header) throws FormatException {
        if (header.type() != ObjectType.DATA) {
            throw new FormatException(key + " should hold data and does not");
        }
        final int[] crcs = new int[header.blockCount()];
        for (int i = 0; i < crcs.length; i++) {
            crcs[i] = header.blockCrc(i);
        }
        return new ObjectIndex(header.headerLength(), crcs);
    }
}
