package io.varve.lsvd.log;

import java.util.Arrays;

/**
 * What has been asked of a device and not been answered, by number. There are as many as its callers have under way at once; each is made
 * once and used again. One thread's.
 */
final class PendingOperations {
    private static final int FIRST = 64;

    /** Something that has been asked of a device. */
    static final class Operation {
        final int number;
        LogDevice.Listener listener;
        long token;
        long offset;
        long address;
        int length;

        /** How much of it has been begun, in bytes. */
        int begun;

        /** Parts of it that are not answered. */
        int parts;

        /** The number of bytes that are done, or the first negated errno. */
        int result;

        /** The next one that is free, or that waits behind this one. */
        Operation next;

        private Operation(final int number) {
            this.number = number;
        }

        /** Something of it has been answered. */
        void add(final int partResult) {
            parts--;
            if (result >= 0) {
                result = partResult < 0 ? partResult : result + partResult;
            }
        }

        void tell(final PendingOperations pool) {
            final LogDevice.Listener who = listener;
            final long what = token;
            final int answer = result;
            pool.giveBack(this);
            who.onCompletion(what, answer);
        }
    }

    private Operation[] all = new Operation[FIRST];
    private int made;
    private int inUse;
    private Operation free;

    Operation take(
            final LogDevice.Listener listener,
            final long token,
            final long offset,
            final long address,
            final int length) {
        Operation operation = free;
        if (operation == null) {
            operation = make();
        } else {
            free = operation.next;
        }
        operation.listener = listener;
        operation.token = token;
        operation.offset = offset;
        operation.address = address;
        operation.length = length;
        operation.begun = 0;
        operation.parts = 0;
        operation.result = 0;
        operation.next = null;
        inUse++;
        return operation;
    }

    private Operation make() {
        if (made == all.length) {
            all = Arrays.copyOf(all, 2 * made);
        }
        final Operation operation = new Operation(made);
        all[made++] = operation;
        return operation;
    }

    Operation get(final int number) {
        return all[number];
    }

    private void giveBack(final Operation operation) {
        operation.listener = null;
        operation.next = free;
        free = operation;
        inUse--;
    }

    /** How many are not answered. */
    int inUse() {
        return inUse;
    }
}
