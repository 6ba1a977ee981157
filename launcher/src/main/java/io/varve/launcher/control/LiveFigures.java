package io.varve.launcher.control;

import io.varve.control.rpc.Json;
import io.varve.launcher.daemon.Daemon;
import io.varve.launcher.daemon.ServedVolume;
import io.varve.launcher.daemon.VolumeStatus;
import io.varve.linux.OwnerOnly;
import io.varve.lsvd.Volume;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import tools.jackson.core.JacksonException;
import tools.jackson.jr.ob.JSON;

/**
 * A daemon's live figures, for whoever is on the same host and has no socket to ask: a file {@code live.json} beside each volume's
 * log, with what {@code status} answers. Written anew, as a whole, at most once a second and when something has changed, by
 * a thread of its own. It counts while the log is in use.
 */
public final class LiveFigures implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(LiveFigures.class.getName());
    /** Field of the daemon's control socket; absent where it has none. */
    public static final String CONTROL_PATH = "control_path";

    private static final String FILE = "live.json";
    private static final String DRAFT = "live.json.new";
    private static final long PERIOD_MS = 1000;

    private final Daemon daemon;
    private final Path control;
    private final Map<UUID, String> written = new HashMap<>();
    private final Thread thread = new Thread(this::run, "varve-live");
    private boolean isTroubleTold;

    private LiveFigures(final Daemon daemon, final Path control) {
        this.daemon = daemon;
        this.control = control;
    }

    /**
     * Begins to write the figures of all volumes of a daemon.
     *
     * @param control its control socket; null for none.
     */
    public static LiveFigures start(final Daemon daemon, final Path control) {
        final LiveFigures figures = new LiveFigures(daemon, control);
        figures.thread.setDaemon(true);
        figures.thread.start();
        return figures;
    }

    /**
     * The figures of a volume that is being served on this host with a cache directory.
     *
     * @return null when it is not.
     */
    public static Map<String, Object> of(final Path cacheDirectory, final UUID volume) throws IOException {
        final Path file = cacheDirectory.resolve(volume.toString()).resolve(FILE);
        if (!Files.exists(file) || !Volume.isInUse(cacheDirectory, volume)) {
            return null;
        }
        try {
            return JSON.std.mapFrom(Files.readString(file));
        } catch (final JacksonException e) {
            throw new IOException(file + " is not what a daemon writes: " + e.getOriginalMessage(), e);
        }
    }

    @Override
    public void close() {
        thread.interrupt();
        try {
            thread.join();
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        try {
            while (true) {
                for (final ServedVolume volume : daemon.volumes()) {
                    write(volume);
                }
                Thread.sleep(PERIOD_MS);
            }
        } catch (final InterruptedException e) {
            LOG.log(Level.DEBUG, "no more live figures");
        }
    }

    private void write(final ServedVolume volume) {
        final VolumeStatus status = volume.status();
        if (status.stats() == null || status.isReadOnly()) {
            return;
        }
        final Map<String, Object> fields = Json.ofRecord(AttachedVolumes.of(status));
        if (control != null) {
            fields.put(CONTROL_PATH, control.toString());
        }
        final String text = JSON.std.with(JSON.Feature.WRITE_NULL_PROPERTIES).asString(fields);
        if (text.equals(written.get(status.uuid()))) {
            return;
        }
        final Path directory =
                volume.options().cacheDirectory().resolve(status.uuid().toString());
        try {
            final Path draft = directory.resolve(DRAFT);
            Files.deleteIfExists(draft);
            Files.writeString(Files.createFile(draft, OwnerOnly.FILE), text);
            Files.move(directory.resolve(DRAFT), directory.resolve(FILE), StandardCopyOption.ATOMIC_MOVE);
            written.put(status.uuid(), text);
        } catch (final IOException e) {
            if (!isTroubleTold) {
                isTroubleTold = true;
                LOG.log(Level.WARNING, "live figures can''t be written: {0}", e.toString());
            }
        }
    }
}
