package io.varve.hostdisks;

import io.varve.linux.StreamSocket;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;

/**
 * Keeps one disk connected, on a thread of its own: gives the kernel a new connection when the one before has ended, and the size that
 * the volume has now.
 *
 * <p>The kernel takes a connection only in place of one that it knows to be dead, and says nothing when it does not. So the keeper
 * offers the same one again from time to time: it is taken as soon as it is needed, and at most once.
 *
 * <p>The server gives the right to write to one session at a time, and keeps it until it has read all that the session has sent. A new
 * connection is therefore used for writing only when nothing of the one before can be done any more.
 */
final class Keeper implements Runnable {
    private static final int TICK_MS = 2_000;
    private static final int OFFER_AGAIN_MS = 200;
    private static final int HANDSHAKE_MS = 10_000;
    private static final int MIN_RETRY_MS = 100;
    private static final int MAX_RETRY_MS = 1_000;

    private final HostDisk disk;
    private final Consumer<String> log;
    private final BlockSysfs sysfs = new BlockSysfs(Path.of("/sys/block"));
    private final Thread thread;
    private volatile boolean isEnded;

    /** What the kernel has, or was offered; null as long as that is not known, be it a connection of an earlier mapper. */
    private StreamSocket current;

    private int waitMs;
    private long lostNs;
    private boolean isLost;
    private volatile String trouble;

    /**
     * Begins.
     *
     * @param log is told what happens, in lines for people.
     */
    Keeper(final HostDisk disk, final Consumer<String> log) {
        this.disk = disk;
        this.log = log;
        thread = new Thread(this, "varve-" + disk.name());
        thread.setDaemon(true);
        thread.start();
    }

    HostDisk disk() {
        return disk;
    }

    /** What keeps the disk from being connected, in one line for people; null for nothing. */
    String trouble() {
        return trouble;
    }

    /** Whether the kernel has it as a device. It has not when somebody has just unmapped it, and then nothing is to be done. */
    private boolean isDevice() {
        return sysfs.is(disk.index(), disk.identifier());
    }

    /** Ends, soon. */
    void end() {
        isEnded = true;
        thread.interrupt();
    }

    @Override
    public void run() {
        try (KernelNbd kernel = KernelNbd.open()) {
            int retryMs = MIN_RETRY_MS;
            while (!isEnded) {
                try {
                    if (isDevice()) {
                        step(kernel);
                    } else {
                        Thread.sleep(MAX_RETRY_MS);
                    }
                    tellTrouble(null);
                    retryMs = MIN_RETRY_MS;
                } catch (final IOException | HostDiskException e) {
                    tellTrouble(isDevice() ? e.getMessage() : null);
                    Thread.sleep(retryMs);
                    retryMs = Math.min(MAX_RETRY_MS, 2 * retryMs);
                }
            }
        } catch (final InterruptedException e) {
            // It is to end.
            Thread.currentThread().interrupt();
        } catch (final HostDiskException e) {
            log.accept(disk.device() + ": " + e.getMessage());
        } finally {
            drop();
        }
    }

    private void step(final KernelNbd kernel) throws IOException, HostDiskException, InterruptedException {
        if (current != null) {
            if (current.awaitHangUp(waitMs)) {
                drop();
                isLost = true;
                lostNs = System.nanoTime();
            } else {
                waitMs = TICK_MS;
                kernel.reconfigure(disk.index(), disk.identifier(), size(look()), current.fd());
            }
            return;
        }
        if (!isLost && !disk.isReadOnly()) {
            final NbdExport export = look();
            kernel.reconfigure(disk.index(), disk.identifier(), size(export), -1);
            if (export.isReadOnly()) {
                // Another session may write: the kernel's.
                Thread.sleep(TICK_MS);
                return;
            }
        }
        reconnect(kernel);
        waitMs = OFFER_AGAIN_MS;
    }

    private NbdExport look() throws IOException, HostDiskException {
        try (StreamSocket socket = new ServerAddress(disk.address()).connect(HANDSHAKE_MS)) {
            return new NbdHandshake(socket, disk.export(), HANDSHAKE_MS).look();
        }
    }

    private void reconnect(final KernelNbd kernel) throws IOException, HostDiskException {
        final StreamSocket socket = new ServerAddress(disk.address()).connect(HANDSHAKE_MS);
        try {
            final NbdExport export = new NbdHandshake(socket, disk.export(), HANDSHAKE_MS).begin();
            if (export.isReadOnly() && !disk.isReadOnly()) {
                throw new HostDiskException("another session may write the volume, or it is read-only now");
            }
            kernel.reconfigure(disk.index(), disk.identifier(), size(export), socket.fd());
            current = socket;
        } finally {
            if (current == null) {
                socket.close();
            }
        }
        if (isLost) {
            isLost = false;
            log.accept("volume '" + disk.volume() + "' at " + disk.device() + " is connected again, after "
                    + (System.nanoTime() - lostNs) / 1_000_000 + " ms");
        }
    }

    private long size(final NbdExport export) throws HostDiskException {
        final long before = sysfs.size(disk.index());
        if (export.sizeBytes() < before) {
            throw new HostDiskException(
                    "the volume has " + export.sizeBytes() + " bytes now, fewer than its device, which has " + before);
        }
        return export.sizeBytes();
    }

    private void drop() {
        if (current != null) {
            current.close();
            current = null;
        }
    }

    private void tellTrouble(final String line) {
        if (!isEnded && line != null && !line.equals(trouble)) {
            log.accept("volume '" + disk.volume() + "' at " + disk.device() + ": " + line);
        }
        trouble = line;
    }
}
