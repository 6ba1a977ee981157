package io.varve.launcher.daemon;

import io.varve.control.ErrorKind;
import io.varve.launcher.UserException;
import io.varve.launcher.volume.StoreVolumes;
import io.varve.lsvd.Volume;
import io.varve.lsvd.VolumeCompletion;
import io.varve.lsvd.gc.SpaceStats;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * What can be asked of a volume while it is served. A volume that is only followed is taken for what needs it open, unless someone
 * else has it, and let go again soon after. Any thread.
 */
public final class VolumeCommands {
    /** Longest that a reactor may take to do what it is asked for, the taking of the volume included. */
    private static final long LIMIT_S = 10;

    private final String name;
    private final Supplier<ServingDuties> reactors;
    private final Runnable wake;
    private final CompletableFuture<Void> ended;

    /**
     * Makes them.
     *
     * @param name     of the volume, for messages.
     * @param reactors gives the reactor's duties, or null while there are none.
     * @param wake     wakes the reactor.
     * @param ended    completes when the volume is served no more.
     */
    VolumeCommands(
            final String name,
            final Supplier<ServingDuties> reactors,
            final Runnable wake,
            final CompletableFuture<Void> ended) {
        this.name = name;
        this.reactors = reactors;
        this.wake = wake;
        this.ended = ended;
    }

    /**
     * Lets the disk grow under the guest, which is told; the size has been set in the store before. Completes when that is
     * done, or exceptionally when the volume ends before or its reactor hangs: then the size counts from the next opening on.
     */
    public CompletableFuture<Void> grow(final long sizeBytes) {
        final CompletableFuture<Void> grown = new CompletableFuture<>();
        final ServingDuties reactor = reactors.get();
        final boolean isSubmitted = reactor != null
                && reactor.submit(() -> {
                    reactor.grow(sizeBytes);
                    grown.complete(null);
                });
        return bounded(
                grown,
                isSubmitted,
                new UserException(
                        ErrorKind.UNAVAILABLE,
                        "volume '" + name + "' has its new size from the next time on that it is attached"));
    }

    /**
     * Takes a snapshot between two requests of the guest. Completes when it is durable in the log, or exceptionally when the volume
     * can't be taken or ends before, fails, or its reactor hangs.
     */
    public CompletableFuture<Void> snapshot(final String snapshot) {
        requireFree();
        final CompletableFuture<Void> taken = new CompletableFuture<>();
        final UserException failure = new UserException(
                ErrorKind.UNAVAILABLE, "no snapshot of volume '" + name + "' could be taken: 'varve status' tells why");
        final ServingDuties reactor = reactors.get();
        final boolean isSubmitted = reactor != null
                && reactor.submitWithVolume(volume -> {
                    if (!taken.isDone()) {
                        volume.snapshot(
                                snapshot,
                                System.currentTimeMillis(),
                                (token, status) -> {
                                    if (status == VolumeCompletion.OK) {
                                        taken.complete(null);
                                    } else {
                                        taken.completeExceptionally(failure);
                                    }
                                },
                                0);
                    }
                });
        return bounded(taken, isSubmitted, failure);
    }

    private CompletableFuture<Void> bounded(
            final CompletableFuture<Void> done, final boolean isSubmitted, final UserException failure) {
        if (!isSubmitted) {
            done.completeExceptionally(failure);
        }
        wake.run();
        ended.thenRun(() -> done.completeExceptionally(failure));
        return done.orTimeout(LIMIT_S, TimeUnit.SECONDS).exceptionally(e -> {
            throw failure;
        });
    }

    /**
     * Stops garbage collection, until the volume is let go or collection is let go on, or lets it go on.
     *
     * @throws UserException when the volume can't be had open for writing.
     */
    public void pauseCollection(final boolean value) {
        writable().pauseCollection(value);
    }

    /**
     * What the volume takes of the store.
     *
     * @throws UserException when it can't be had open for writing.
     */
    public SpaceStats space() {
        return writable().space();
    }

    /**
     * Has a clone copy what it shares with its ancestors; see {@link Volume#flatten()}.
     *
     * @return how far it is.
     * @throws UserException when it can't be had open for writing, or what is left can't be read.
     */
    public SpaceStats flatten() {
        final Volume opened = writable();
        opened.flatten();
        if (opened.isFlattenStuck()) {
            throw StoreVolumes.flattenStuck(name);
        }
        return opened.space();
    }

    private Volume writable() {
        requireFree();
        final ServingDuties reactor = reactors.get();
        final CompletableFuture<Volume> there = new CompletableFuture<>();
        if (reactor != null && reactor.submitWithVolume(there::complete)) {
            wake.run();
            ended.thenRun(() -> there.complete(null));
            there.completeOnTimeout(null, LIMIT_S, TimeUnit.SECONDS);
        } else {
            there.complete(null);
        }
        final Volume opened = there.join();
        if (opened == null) {
            throw new UserException(
                    ErrorKind.UNAVAILABLE, "volume '" + name + "' is attached and not open: 'varve status' tells why");
        }
        if (opened.isReadOnly()) {
            throw new UserException(ErrorKind.READ_ONLY, "volume '" + name + "' is served read-only");
        }
        return opened;
    }

    private void requireFree() {
        final ServingDuties reactor = reactors.get();
        final String note = reactor == null ? null : reactor.waitsFor();
        if (note != null) {
            throw new UserException(ErrorKind.BUSY, "volume '" + name + "' " + note);
        }
    }
}
