package io.varve.launcher.daemon;

import io.varve.block.Duty;
import io.varve.lsvd.Volume;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.agrona.concurrent.ManyToOneConcurrentArrayQueue;

/** A volume and its exports, as the duty of their reactor. */
final class ServingDuties implements Duty {
    private static final System.Logger LOGGER = System.getLogger(ServingDuties.class.getName());

    /** Most commands that may wait. */
    private static final int MAX_COMMANDS = 64;

    /** How often it is told what is unsent. */
    private static final long TELL_PERIOD_NS = 60_000_000_000L;

    private final String name;
    private final Possession possession;
    private final Exports exports;
    private final Consumer<String> failureListener;
    private final ManyToOneConcurrentArrayQueue<Runnable> commands = new ManyToOneConcurrentArrayQueue<>(MAX_COMMANDS);
    private final AtomicLong cycleNs = new AtomicLong(System.nanoTime());
    private final ArrayDeque<Consumer<Volume>> waiting = new ArrayDeque<>();
    private boolean isFailureTold;
    private long toldAtNs = System.nanoTime();

    /**
     * Joins them.
     *
     * @param name            of the volume, for messages.
     * @param failureListener is told once, in one line, when the volume serves nothing any more.
     */
    ServingDuties(
            final String name,
            final Possession possession,
            final Exports exports,
            final Consumer<String> failureListener) {
        this.name = name;
        this.possession = possession;
        this.exports = exports;
        this.failureListener = failureListener;
    }

    /**
     * Has something done between two cycles. Any thread, which then wakes the ring.
     *
     * @return false when too much waits already.
     */
    boolean submit(final Runnable command) {
        return commands.offer(command);
    }

    /**
     * Has something done with the volume between two cycles, as soon as this daemon has it. Any thread, which then wakes the ring.
     *
     * @return false when too much waits already.
     */
    boolean submitWithVolume(final Consumer<Volume> command) {
        return commands.offer(() -> {
            if (waiting.size() < MAX_COMMANDS) {
                waiting.add(command);
            }
            possession.ask();
        });
    }

    /** The disk has become larger. The reactor's. */
    void grow(final long sizeBytes) {
        possession.grow(sizeBytes);
        exports.configChanged();
    }

    /** Who else has the volume, in one line, or null. Any thread. */
    String waitsFor() {
        return possession.waitsFor();
    }

    @Override
    public int doWork() {
        int work = commands.drain(Runnable::run) + possession.doWork() + exports.doWork();
        final Volume volume = possession.volume();
        if (possession.isReady()) {
            for (Consumer<Volume> command = waiting.poll(); command != null; command = waiting.poll()) {
                command.accept(volume);
                work++;
            }
        }
        if (!isFailureTold && volume != null && volume.failure() != null) {
            isFailureTold = true;
            failureListener.accept(volume.failure());
            exports.deviceLost(volume.failure());
        }
        final long nowNs = System.nanoTime();
        cycleNs.lazySet(nowNs);
        tellUnsent(nowNs);
        return work;
    }

    /** When the last cycle was, in {@link System#nanoTime()}. Any thread. */
    long lastCycleNs() {
        return cycleNs.get();
    }

    private void tellUnsent(final long nowNs) {
        final Volume volume = possession.volume();
        if (volume != null && nowNs - toldAtNs >= TELL_PERIOD_NS) {
            toldAtNs = nowNs;
            final String unsent = Unsent.describeIfOverdue(volume.stats());
            if (unsent != null) {
                LOGGER.log(System.Logger.Level.INFO, "volume ''{0}'': {1}", name, unsent);
            }
        }
    }

    @Override
    public boolean armNotifications() {
        return exports.armNotifications();
    }

    @Override
    public void disarmNotifications() {
        exports.disarmNotifications();
    }

    @Override
    public long maxIdleNs() {
        return Math.min(possession.maxIdleNs(), exports.maxIdleNs());
    }
}
