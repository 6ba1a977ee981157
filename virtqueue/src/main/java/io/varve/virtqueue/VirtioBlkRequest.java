package io.varve.virtqueue;

import io.varve.linux.IoVec;

/** A request between its descriptor chain and its completion. Made once for each id of a queue, and reused. */
final class VirtioBlkRequest {
    /** The guest memory that the request's data comes from or goes to. */
    final IoVec data = new IoVec();

    private long statusAddress;
    private int writtenLength;
    private int unfinishedParts;
    private int status;
    private boolean isRead;

    /**
     * Begins.
     *
     * @param newStatusAddress where the status byte goes, a native address of guest memory.
     * @param newWrittenLength bytes of the writable memory up to and with the status byte, unsigned.
     */
    void begin(final long newStatusAddress, final int newWrittenLength) {
        data.clear();
        statusAddress = newStatusAddress;
        writtenLength = newWrittenLength;
        status = VirtioBlk.S_OK;
        isRead = false;
    }

    /** Notes that the device writes the data. */
    void setRead() {
        isRead = true;
    }

    boolean isRead() {
        return isRead;
    }

    /** Hands the request to the device, which is going to complete it so many times. */
    void submit(final int parts) {
        unfinishedParts = parts;
    }

    /** Notes the outcome of one part; the first failure stands. Returns whether it was the last part. */
    boolean finishPart(final int partStatus) {
        if (unfinishedParts == 0) {
            throw new IllegalStateException("a request was completed twice");
        }
        if (status == VirtioBlk.S_OK) {
            status = partStatus;
        }
        return --unfinishedParts == 0;
    }

    /** Takes back what was {@linkplain #submit submitted}. */
    void withdraw() {
        unfinishedParts = 0;
    }

    long statusAddress() {
        return statusAddress;
    }

    int writtenLength() {
        return writtenLength;
    }

    int status() {
        return status;
    }
}
