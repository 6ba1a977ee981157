package io.varve.lsvd;

import io.varve.lsvd.crypto.VolumeKeys;
import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.history.HistoryFollower;
import io.varve.lsvd.hot.HotSetFollower;
import io.varve.lsvd.objects.ObjectWriter;
import io.varve.lsvd.store.StoreClient;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.UUID;

/**
 * A volume that is followed read-only, until it is taken: its local log is locked, its history read and kept up to date as objects
 * come into the store. Nothing of it can be read through a follower; but to take it costs little then: the seal of whoever has
 * written it, and the creation of the next epoch.
 *
 * <p>One thread's at a time, which may wait; {@link #standing()} is for any.
 */
public final class VolumeFollower implements AutoCloseable {
    private final VolumeContext context;
    private final UUID uuid;
    private final VolumeKeys keys;
    private final Arena arena;
    private final VolumeOpener opener;
    private final HotSetFollower hot;
    private volatile VolumeStanding standing;
    private VolumeOpener.Opened opened;
    private boolean isHandedOver;

    private VolumeFollower(
            final VolumeContext context, final UUID uuid, final StoreClient store, final VolumeKeys keys) {
        this.context = context;
        this.uuid = uuid;
        this.keys = keys;
        arena = Arena.ofShared();
        opener = new VolumeOpener(context, store.withKeys(keys), uuid, arena);
        hot = new HotSetFollower(context.store(), keys, uuid, context.name(), context.runtime(), context.readCache());
    }

    /**
     * Begins to follow a volume: locks its log, if there is one, and reads its history.
     *
     * @throws VolumeException one line for people that says why that can't be, and what to do.
     */
    public static VolumeFollower begin(final VolumeContext context) throws VolumeException {
        final StoreClient store = new StoreClient(context.store(), context.runtime(), context.storeTimeoutMs());
        final UUID uuid =
                new VolumeCatalog(context.store(), context.runtime(), context.storeTimeoutMs()).find(context.name());
        final VolumeFollower follower;
        try {
            follower = new VolumeFollower(context, uuid, store, new VolumeKeyring(store).open(uuid, context.name()));
        } catch (final IOException e) {
            throw failure("open", context, e);
        }
        try {
            follower.opener.begin();
            requireLibrary(context, follower.opener.settings());
            follower.updateStanding();
            return follower;
        } catch (final VolumeException | RuntimeException e) {
            follower.close();
            throw e;
        } catch (final IOException e) {
            follower.close();
            throw failure("open", context, e);
        }
    }

    /** Before the volume is taken: without it nothing could be sent to the store. */
    private static void requireLibrary(final VolumeContext context, final VolumeSettings settings)
            throws VolumeException {
        try {
            ObjectWriter.require(settings.compression());
        } catch (final UnsupportedOperationException e) {
            throw new VolumeException(
                    VolumeException.Kind.UNAVAILABLE,
                    "volume '" + context.name() + "' is compressed, and " + e.getMessage(),
                    e);
        }
    }

    private static VolumeException failure(final String what, final VolumeContext context, final IOException e) {
        return new VolumeException("cannot " + what + " volume '" + context.name() + "': " + e.getMessage(), e);
    }

    /** How the volume stands, as of the last look. Any thread. */
    public VolumeStanding standing() {
        return standing;
    }

    /**
     * Looks once at what has come into the store, and reads it: up to {@value HistoryFollower#MAX_OBJECTS} objects.
     *
     * @return number of objects read, and other work that makes it worth to look again soon.
     * @throws VolumeException when the store does not answer, or what it holds is damaged; it may be tried again.
     */
    public int look() throws VolumeException {
        return look(false);
    }

    /**
     * As {@link #look}, for somebody who waits for the volume: asks the store for what {@link #take()} needs and for nothing else, all at
     * once.
     */
    public int lookForSeal() throws VolumeException {
        return look(true);
    }

    private int look(final boolean isWanted) throws VolumeException {
        try {
            hot.begin(opener.history(), isWanted);
            final int count = isWanted ? opener.lookForSeal(hot::onObject) : opener.look(hot::onObject);
            // Also when nothing has come: the look before may have failed behind what it found.
            updateStanding();
            return count + hot.proceed(opener.history());
        } catch (final IOException e) {
            throw failure("follow", context, e);
        }
    }

    /** Reads the volume's settings again, such as its size. */
    public void readSettings() throws VolumeException {
        try {
            opener.readSettings();
            updateStanding();
        } catch (final IOException e) {
            throw failure("follow", context, e);
        }
    }

    /** Makes room for a log on this host, where there is none that can be used, so that taking needs not. */
    public void prepare() throws VolumeException {
        try {
            opener.prepareLog();
        } catch (final IOException e) {
            throw failure("make a log for", context, e);
        }
    }

    /**
     * Writes zeros to a piece, at most 1 MiB, of the log that {@link #prepare()} has made: a first lap over zeros costs a guest
     * nothing.
     *
     * @return whether there was something to write.
     */
    public boolean zeroMore() {
        return opener.zeroMore();
    }

    /**
     * Takes the volume: ends the epoch before, unless that has been done, replays the log and begins an epoch. If this fails
     * there is nothing left to follow, and whoever wants to has to {@linkplain #begin begin} again.
     *
     * @throws VolumeException also when the volume is not {@linkplain VolumeStanding#isFree() free}, unless it is to be taken over.
     */
    public void take() throws VolumeException {
        hot.onTaking(opener.history());
        try {
            opened = opener.take();
        } catch (final VolumeException | RuntimeException e) {
            close();
            throw e;
        } catch (final IOException e) {
            close();
            throw failure("open", context, e);
        }
    }

    /** The epoch that was begun. */
    public long epoch() {
        return opened.epoch().epoch();
    }

    /** The volume that was taken; on the thread that is to drive it, once. {@link #close()} does nothing any more then. */
    public Volume open() {
        isHandedOver = true;
        return Volume.of(context, uuid, opened, arena, hot, keys);
    }

    private void updateStanding() {
        standing = VolumeStanding.of(uuid, opener.history(), opener.settings(), opener.isOwn());
    }

    /** Stops to follow, and frees all; nothing when the volume has been {@linkplain #open opened}. Idempotent. */
    @Override
    public void close() {
        if (!isHandedOver) {
            isHandedOver = true;
            hot.close();
            opener.close();
            keys.close();
            arena.close();
        }
    }
}
