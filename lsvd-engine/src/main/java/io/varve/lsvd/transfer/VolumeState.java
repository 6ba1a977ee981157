package io.varve.lsvd.transfer;

import io.varve.lsvd.history.Epochs;
import io.varve.lsvd.history.History;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.scan.LiveObjects;
import io.varve.lsvd.scan.ObjectName;
import java.util.Arrays;
import java.util.Iterator;
import java.util.UUID;

/**
 * A volume as it was at one time.
 *
 * @param name      for people.
 * @param volume    whose state it is.
 * @param epochs    of all objects of the map.
 * @param map       what is where; names objects only. Stays with whoever made it.
 * @param sizeBytes of the disk.
 */
public record VolumeState(String name, UUID volume, Epochs epochs, ExtentMap map, long sizeBytes) {
    /** The state that a history tells. */
    public static VolumeState of(final String name, final UUID volume, final History history, final long sizeBytes) {
        return new VolumeState(name, volume, history.epochs(), history.map(), sizeBytes);
    }

    /** The objects that a map names, which may be part of this state's. */
    Iterator<ObjectName> objectsOf(final ExtentMap part) {
        return Arrays.stream(LiveObjects.of(part).sequences())
                .mapToObj(sequence -> ObjectName.of(epochs, sequence))
                .iterator();
    }
}
