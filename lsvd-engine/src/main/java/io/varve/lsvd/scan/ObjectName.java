package io.varve.lsvd.scan;

import io.varve.lsvd.history.Epochs;
import io.varve.lsvd.store.Keys;
import java.util.UUID;

/**
 * Which object: its place in the sequence of a volume.
 *
 * @param volume   whose object it is.
 * @param epoch    the epoch that wrote it.
 * @param sequence its number.
 */
public record ObjectName(UUID volume, long epoch, long sequence) {
    /** The object that has a sequence in the history of a volume; it may be an ancestor's. */
    public static ObjectName of(final Epochs epochs, final long sequence) {
        final Epochs.Entry epoch = epochs.of(sequence);
        return new ObjectName(epoch.volume(), epoch.epoch(), sequence);
    }

    /**
     * Reads a key.
     *
     * @throws IllegalArgumentException when it is none of an object of that volume.
     */
    public static ObjectName parse(final UUID volume, final String key) {
        return new ObjectName(volume, Keys.epochOf(key), Keys.lastNumber(key));
    }

    /** Its key in the store. */
    public String key() {
        return Keys.object(volume, epoch, sequence);
    }
}
