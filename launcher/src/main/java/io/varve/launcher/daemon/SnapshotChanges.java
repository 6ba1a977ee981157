package io.varve.launcher.daemon;

import io.varve.block.Changes;
import io.varve.block.Extents;
import io.varve.launcher.volume.SnapshotName;
import io.varve.launcher.volume.StoredState;
import io.varve.linux.Background;
import io.varve.lsvd.ObjectName;
import io.varve.lsvd.VolumeCatalog;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeInfo;
import io.varve.lsvd.map.MappedParts;
import io.varve.lsvd.runtime.EngineRuntime;
import io.varve.lsvd.runtime.SystemRuntime;
import io.varve.lsvd.scan.Pace;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.transfer.ChangedBlocks;
import io.varve.lsvd.transfer.Difference;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;

/**
 * What has changed between earlier snapshots of a volume and the one that is served. Each of the few that are asked about is found out once, in the
 * background, on a thread of its own, and is shared by all who ask; it is kept for those who ask next until another one needs its place, and broken off when
 * nobody asks any more. The reactor's.
 */
final class SnapshotChanges implements AutoCloseable {
    /** Most earlier snapshots that are known of at a time. */
    static final int MAX_KEPT = 4;

    private static final System.Logger LOGGER = System.getLogger(SnapshotChanges.class.getName());

    /** How long the end waits for a thread that is in the middle of a read. */
    private static final Duration END = Duration.ofSeconds(5);

    private final ObjectStore store;
    private final SnapshotName served;
    private final Runnable wake;
    private final EngineRuntime runtime = new SystemRuntime();
    private final List<Finding> findings = new ArrayList<>();

    /**
     * Begins without any.
     *
     * @param store  read by other threads, and still the caller's.
     * @param served the snapshot that is served.
     * @param wake   wakes the reactor; any thread.
     */
    SnapshotChanges(final ObjectStore store, final SnapshotName served, final Runnable wake) {
        this.store = store;
        this.served = served;
        this.wake = wake;
    }

    /** As {@link io.varve.block.BlockDevice#changesSince}. */
    Changes since(final String earlier) {
        if (!ObjectName.isValid(earlier)) {
            return null;
        }
        for (final Finding finding : findings) {
            if (finding.earlier.equals(earlier) && finding.isOfUse()) {
                return finding.use();
            }
        }
        findings.removeIf(finding -> finding.users == 0 && !finding.isOfUse());
        if (findings.size() == MAX_KEPT && !findings.removeIf(finding -> finding == firstUnused())) {
            return null;
        }
        final Finding finding = new Finding(earlier);
        findings.add(finding);
        finding.thread.start();
        return finding.use();
    }

    private Finding firstUnused() {
        return findings.stream()
                .filter(finding -> finding.users == 0)
                .findFirst()
                .orElse(null);
    }

    @Override
    public void close() {
        findings.forEach(finding -> finding.isCancelled = true);
        try {
            for (final Finding finding : findings) {
                finding.thread.join(END);
            }
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        findings.clear();
    }

    /** One earlier snapshot. */
    private final class Finding {
        private final String earlier;
        private final Thread thread;
        private int users;
        private volatile boolean isCancelled;
        private volatile ChangedBlocks changed;
        private volatile Changes.State state = Changes.State.SOUGHT;

        Finding(final String earlier) {
            this.earlier = earlier;
            thread = Thread.ofPlatform()
                    .daemon()
                    .name("varve-" + served.volume() + "-changes")
                    .unstarted(Background.task(this::run));
        }

        /** Whether somebody who asks now may have this answer: one that was not there, or failed, may be another by now. */
        boolean isOfUse() {
            return !isCancelled && state != Changes.State.FAILED && state != Changes.State.UNKNOWN;
        }

        Changes use() {
            users++;
            return new Use(this);
        }

        private void run() {
            try {
                find();
            } catch (final CancellationException e) {
                become(Changes.State.FAILED);
            } catch (final VolumeException e) {
                if (e.kind() == VolumeException.Kind.NOT_FOUND) {
                    become(Changes.State.UNKNOWN);
                } else {
                    fail(e.getMessage());
                }
            } catch (final IOException e) {
                fail(e.getMessage());
            } catch (final RuntimeException | Error e) {
                fail(e.toString());
            }
        }

        private void find() throws VolumeException, IOException {
            final StoreClient client = new StoreClient(store, runtime, StoreClient.DEFAULT_TIMEOUT_MS);
            final VolumeCatalog catalog = new VolumeCatalog(store);
            final VolumeInfo info = catalog.info(served.volume());
            try (StoredState older = StoredState.of(catalog, client, info, earlier)) {
                become(Changes.State.FOUND);
                try (StoredState newer = StoredState.of(catalog, client, info, served.snapshot());
                        Difference difference = Difference.between(
                                newer.client(),
                                older.state(),
                                newer.state(),
                                new Pace(runtime, 0),
                                () -> isCancelled)) {
                    changed = ChangedBlocks.of(difference);
                }
            }
            become(Changes.State.READY);
        }

        private void fail(final String reason) {
            LOGGER.log(
                    Level.WARNING,
                    "what has changed from {0}@{1} to {2} can not be found out: {3}",
                    served.volume(),
                    earlier,
                    served,
                    reason);
            become(Changes.State.FAILED);
        }

        private void become(final Changes.State newState) {
            state = newState;
            wake.run();
        }
    }

    /** What one of those who ask has. */
    private static final class Use implements Changes {
        private final Finding finding;
        private final MappedParts.Listener toAnswer = this::answer;
        private Extents answered;
        private boolean isClosed;

        Use(final Finding finding) {
            this.finding = finding;
        }

        @Override
        public State state() {
            return finding.state;
        }

        @Override
        public void extents(final long offset, final long length, final Extents answer) {
            answer.clear();
            answered = answer;
            finding.changed.tell(offset, length, toAnswer);
        }

        private boolean answer(final long length, final boolean isChanged) {
            return answered.add(length, isChanged);
        }

        @Override
        public void close() {
            if (!isClosed) {
                isClosed = true;
                finding.users--;
                finding.isCancelled |= finding.users == 0 && finding.state != State.READY;
            }
        }
    }
}
