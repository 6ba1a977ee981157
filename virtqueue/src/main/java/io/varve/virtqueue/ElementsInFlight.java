package io.varve.virtqueue;

/** Which elements of a queue are in flight, and which of them an earlier device has left there. */
final class ElementsInFlight {
    private final boolean[] isInFlight;
    private int[] left = {};
    private int resubmitted;
    private int count;

    /** None, for a queue of a size. */
    ElementsInFlight(final int size) {
        isInFlight = new boolean[size];
    }

    /** Begins with those that an earlier device has left, in the order in which it took them. */
    void begin(final int[] newLeft) {
        left = newLeft;
        count = newLeft.length;
        for (final int id : newLeft) {
            isInFlight[id] = true;
        }
    }

    /** The next one to be taken again, or {@link Virtqueue#EMPTY}. */
    int nextLeft() {
        return resubmitted == left.length ? Virtqueue.EMPTY : left[resubmitted++];
    }

    /** Whether there is one yet to be taken again. */
    boolean hasLeft() {
        return resubmitted < left.length;
    }

    boolean contains(final int id) {
        return isInFlight[id];
    }

    void take(final int id) {
        isInFlight[id] = true;
        count++;
    }

    /** Gives one back, which has to be in flight. */
    void give(final int id) {
        if (!isInFlight[id]) {
            throw new IllegalStateException("element " + id + " is not in flight");
        }
        isInFlight[id] = false;
        count--;
    }

    int count() {
        return count;
    }
}
