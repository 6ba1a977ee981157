package io.varve.nbd;

import io.varve.block.BlockDevice;
import io.varve.block.CloseReason;
import io.varve.block.SessionListener;
import io.varve.block.Sessions;
import io.varve.linux.StreamSocket;
import io.varve.linux.UnixSocket;
import io.varve.testsupport.ExportThread;
import io.varve.testsupport.MemoryBlockDevice;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;

/** A disk in memory served over NBD by a thread of its own. */
final class ServedExport implements AutoCloseable, Sessions {
    static final String NAME = "disk";

    private static final int BACKLOG = 8;

    private final MemoryBlockDevice device;
    private final boolean isShared;
    private final ExportThread<NbdServer> reactor;
    private final int port;
    private final AtomicLong aheadNs = new AtomicLong();
    private final List<CloseReason> closed = new ArrayList<>();
    private int writers;
    private int sessions;
    private int started;
    private int waited;

    private ServedExport(
            final StreamSocket listener,
            final MemoryBlockDevice device,
            final BlockDevice seen,
            final boolean isShared,
            final NbdTls tls)
            throws IOException {
        this.device = device;
        this.isShared = isShared;
        port = listener.port();
        final NbdOptions options = new NbdOptions(NAME, "test", this, tls);
        reactor = new ExportThread<>(
                device, ring -> new NbdServer(ring, listener, seen, options, () -> System.nanoTime() + aheadNs.get()));
    }

    static ServedExport at(final Path path, final MemoryBlockDevice device) throws IOException {
        return at(path, device, device);
    }

    /** One whose requests go to another device. */
    static ServedExport at(final Path path, final MemoryBlockDevice device, final BlockDevice seen) throws IOException {
        return new ServedExport(StreamSocket.of(UnixSocket.listen(path, 0600, BACKLOG)), device, seen, false, null);
    }

    static ServedExport shared(final Path path, final MemoryBlockDevice device) throws IOException {
        return new ServedExport(StreamSocket.of(UnixSocket.listen(path, 0600, BACKLOG)), device, device, true, null);
    }

    static ServedExport overTcp(final MemoryBlockDevice device, final NbdTls tls) throws IOException {
        return overTcp(InetAddress.getLoopbackAddress(), device, tls);
    }

    static ServedExport overTcp(final InetAddress address, final MemoryBlockDevice device, final NbdTls tls)
            throws IOException {
        return new ServedExport(
                StreamSocket.listen(new InetSocketAddress(address, 0), BACKLOG), device, device, true, tls);
    }

    int port() {
        return port;
    }

    /** Time goes by at once. */
    void pass(final long ns) {
        aheadNs.addAndGet(ns);
        call(() -> null);
    }

    /** Runs something on the reactor's thread and waits for it. */
    <T> T call(final Callable<T> task) {
        return reactor.call(task);
    }

    /** Waits until something holds, as seen on the reactor's thread. */
    void await(final BooleanSupplier condition) {
        reactor.await(condition);
    }

    MemoryBlockDevice device() {
        return device;
    }

    NbdServer server() {
        return reactor.export();
    }

    Thread thread() {
        return reactor.thread();
    }

    /** Why sessions have ended, the first one first; for {@link #call} only. */
    List<CloseReason> closed() {
        return closed;
    }

    int started() {
        return started;
    }

    int waited() {
        return waited;
    }

    int sessions() {
        return sessions;
    }

    @Override
    public boolean mayWrite() {
        return !device.isReadOnly() && (isShared || writers == 0);
    }

    @Override
    public boolean isShared() {
        return isShared;
    }

    @Override
    public SessionListener open(final String peer, final boolean isWriter) {
        writers += isWriter ? 1 : 0;
        sessions++;
        return new SessionListener() {
            @Override
            public void onStarted() {
                started++;
            }

            @Override
            public void onRequestWaits() {
                waited++;
            }

            @Override
            public void onClosed(final CloseReason reason) {
                writers -= isWriter ? 1 : 0;
                sessions--;
                closed.add(reason);
            }
        };
    }

    @Override
    public void close() {
        reactor.close();
    }
}
