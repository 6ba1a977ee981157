package io.varve.lsvd.simulator;

import io.varve.lsvd.VolumeCatalog;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.snapshot.Snapshot;
import io.varve.lsvd.snapshot.Snapshots;
import java.io.IOException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/** What each snapshot has to hold, and which have to be there. */
final class SnapshotModel {
    private static final int MAX_SNAPSHOTS = 6;

    private final Random random;
    private final Map<String, long[]> contents = new HashMap<>();
    private final Set<String> certain = new HashSet<>();
    private final Set<String> removed = new HashSet<>();
    private int begun;

    SnapshotModel(final Random random) {
        this.random = random;
    }

    /** One more is asked for, of a disk that holds this. */
    String begin(final long[] stamps) {
        final String name = "s" + begun++;
        contents.put(name, stamps.clone());
        return name;
    }

    void acknowledge(final String name) {
        if (!removed.contains(name)) {
            certain.add(name);
        }
    }

    /** A snapshot that has to be there, of a disk of so many sectors, or null. */
    String pick(final int sectors) {
        return certain.stream()
                .filter(name -> contents.get(name).length == sectors)
                .min(Comparator.naturalOrder())
                .orElse(null);
    }

    /** What a snapshot has to hold. */
    long[] contents(final String name) {
        return contents.get(name);
    }

    /** Another volume is served from now on, which has no snapshots. */
    void forget() {
        certain.clear();
        contents.clear();
    }

    /** Whether there may be a snapshot that nobody has been told of. */
    boolean hasUnsure() {
        return contents.keySet().stream().anyMatch(name -> !certain.contains(name) && !removed.contains(name));
    }

    /** Some of what was acknowledged may be gone. */
    void mayHaveLost() {
        certain.clear();
    }

    /** Removes snapshots at random, all but some. */
    void thin(final SimulatedHost host, final SimulatedStore store) {
        try {
            final Snapshots snapshots = catalog(host, store).snapshots(host.volumeName());
            for (final Snapshot snapshot : snapshots.list()) {
                if (certain.size() > MAX_SNAPSHOTS || random.nextInt(3) == 0) {
                    removed.add(snapshot.name());
                    certain.remove(snapshot.name());
                    snapshots.remove(snapshot);
                }
            }
        } catch (final VolumeException | IOException e) {
            // The store was in trouble: some are removed, or will be.
        }
    }

    /** Reads all that the store has, and clones of some. */
    void judge(final SimulatedHost host, final SimulatedStore store) {
        final Set<String> found = new HashSet<>();
        try {
            final VolumeCatalog catalog = catalog(host, store);
            for (final Snapshot snapshot : catalog.snapshots(host.volumeName()).list()) {
                final String name = snapshot.name();
                found.add(name);
                compare(name, host.readOnly(host.volumeName(), name));
                if (random.nextInt(3) == 0) {
                    catalog(host, store)
                            .createClone(
                                    "clone" + name,
                                    VolumeSettings.ofSize(snapshot.record().sizeBytes()),
                                    snapshot);
                    compare("the clone of " + name, name, host.readOnly("clone" + name, null));
                }
            }
        } catch (final VolumeException | IOException e) {
            throw new SimulationFailure("snapshots can't be read: " + e.getMessage());
        }
        for (final String name : certain) {
            if (!found.contains(name)) {
                throw new SimulationFailure("snapshot " + name + " was acknowledged and is gone");
            }
        }
    }

    private static VolumeCatalog catalog(final SimulatedHost host, final SimulatedStore store) {
        return new VolumeCatalog(store.client(), host, 60_000);
    }

    private void compare(final String name, final long[] stamps) {
        compare("snapshot " + name, name, stamps);
    }

    private void compare(final String what, final String name, final long[] stamps) {
        final int wrong = Arrays.mismatch(stamps, Arrays.copyOf(contents.get(name), stamps.length));
        if (wrong >= 0) {
            throw new SimulationFailure(
                    what + ": sector " + wrong + " holds " + stamps[wrong] + " and not " + contents.get(name)[wrong]);
        }
    }
}
