package io.varve.launcher.daemon;

import io.varve.launcher.config.Setting;
import io.varve.launcher.config.Settings;
import io.varve.lsvd.cache.CacheStats;
import io.varve.lsvd.cache.DirectoryCacheFile;
import io.varve.lsvd.cache.ReadCache;
import io.varve.lsvd.runtime.SystemRuntime;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;

/**
 * The read cache that all volumes of a process share. It is opened when the first volume has been; when it can't be, that is
 * told in one line, and volumes do without. Any thread.
 */
public final class SharedReadCache implements AutoCloseable {
    private static final System.Logger LOGGER = System.getLogger(SharedReadCache.class.getName());

    private final Path directory;
    private final long sizeBytes;
    private boolean isTried;
    private volatile ReadCache cache;

    /**
     * Makes one that is not open yet.
     *
     * @param directory where its file is.
     * @param sizeBytes how much of the disk it takes; 0 for no cache.
     */
    public SharedReadCache(final Path directory, final long sizeBytes) {
        this.directory = directory;
        this.sizeBytes = sizeBytes;
    }

    /** The one that the settings of a process ask for. */
    public static SharedReadCache of(final Settings settings) {
        return new SharedReadCache(settings.get(Setting.CACHE), settings.get(Setting.READ_CACHE_SIZE));
    }

    /** The cache, or null when there is none. */
    synchronized ReadCache get() {
        if (!isTried && sizeBytes > 0) {
            cache = open();
        }
        isTried = true;
        return cache;
    }

    private ReadCache open() {
        try {
            final DirectoryCacheFile file = DirectoryCacheFile.open(directory);
            if (file != null) {
                return ReadCache.open(file, sizeBytes, new SystemRuntime());
            }
            LOGGER.log(
                    Level.WARNING,
                    "the read cache in {0} is in use by another process, and this one goes on without; give it a --cache"
                            + " directory of its own, or serve both by one varve daemon",
                    directory);
        } catch (final IOException e) {
            LOGGER.log(
                    Level.WARNING,
                    "the read cache in {0} can''t be used, and volumes are served without: {1}",
                    directory,
                    e.getMessage());
        }
        return null;
    }

    /** Live figures, or null when there is no cache. */
    public CacheStats stats() {
        final ReadCache opened = cache;
        return opened == null ? null : opened.stats();
    }

    /** Puts away what is on its way into the cache, and closes it; no volume may be left. */
    @Override
    public synchronized void close() {
        isTried = true;
        if (cache != null) {
            cache.close();
        }
    }
}
