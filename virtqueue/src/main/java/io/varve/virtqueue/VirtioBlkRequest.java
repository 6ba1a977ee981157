package io.varve.virtqueue;

import io.varve.linux.IoVec;

/** A request between its descriptor chain and its completion. Made when an id of a queue is first used, and reused. */
final class VirtioBlkRequest {
    /** The guest memory that the request's data comes from or goes to; null while there is none. */
    private IoVec data;

    private long statusAddress;
    private int writtenLength;
    private boolean isSubmitted;
    private boolean isRead;

    /**
     * Begins.
     *
     * @param newStatusAddress where the status byte goes, a native address of guest memory.
     * @param newWrittenLength bytes of the writable memory up to and with the status byte, unsigned.
     */
    void begin(final long newStatusAddress, final int newWrittenLength) {
        statusAddress = newStatusAddress;
        writtenLength = newWrittenLength;
        isRead = false;
    }

    IoVec data() {
        return data;
    }

    /** Has data from now on, or, with null, none any more. */
    void data(final IoVec newData) {
        data = newData;
    }

    /** Notes that the device writes the data. */
    void setRead() {
        isRead = true;
    }

    boolean isRead() {
        return isRead;
    }

    /** Hands the request to the device, which is going to complete it once. */
    void submit() {
        isSubmitted = true;
    }

    /** The device has completed it. */
    void complete() {
        if (!isSubmitted) {
            throw new IllegalStateException("a request was completed twice");
        }
        isSubmitted = false;
    }

    /** Takes back what was {@linkplain #submit submitted}. */
    void withdraw() {
        isSubmitted = false;
    }

    long statusAddress() {
        return statusAddress;
    }

    int writtenLength() {
        return writtenLength;
    }
}
