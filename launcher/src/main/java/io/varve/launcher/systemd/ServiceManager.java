package io.varve.launcher.systemd;

import io.varve.launcher.config.Environment;
import io.varve.launcher.daemon.Foreground;
import io.varve.linux.ErrnoException;
import io.varve.linux.UnixDatagram;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/**
 * Tells the service manager how the service is ({@code sd_notify(3)}): what {@code NOTIFY_SOCKET} names, or nobody. Nothing
 * is waited for, and what can't be told is left untold. Any thread.
 */
public final class ServiceManager implements Foreground.Manager, AutoCloseable {
    private static final System.Logger LOGGER = System.getLogger(ServiceManager.class.getName());

    private final UnixDatagram socket;
    private final long watchdogMs;
    private volatile boolean isClosed;

    private ServiceManager(final UnixDatagram socket, final long watchdogMs) {
        this.socket = socket;
        this.watchdogMs = watchdogMs;
    }

    /** The one that the environment names. */
    public static ServiceManager of(final Environment environment) {
        final String address = environment.get("NOTIFY_SOCKET");
        if (address == null || !(address.startsWith("/") || address.startsWith("@"))) {
            return new ServiceManager(null, 0);
        }
        try {
            return new ServiceManager(UnixDatagram.connect(address), watchdogMs(environment));
        } catch (final ErrnoException e) {
            LOGGER.log(System.Logger.Level.WARNING, "can''t reach the service manager: {0}", e.getMessage());
            return new ServiceManager(null, 0);
        }
    }

    /** Half of the time after which the service manager takes silence for a hang; 0 when it does not. */
    private static long watchdogMs(final Environment environment) {
        final String us = environment.get("WATCHDOG_USEC");
        final String pid = environment.get("WATCHDOG_PID");
        final boolean isMine =
                pid == null || pid.equals(Long.toString(ProcessHandle.current().pid()));
        if (us == null || !isMine || !us.matches("[0-9]{1,18}")) {
            return 0;
        }
        return Math.max(1, TimeUnit.MICROSECONDS.toMillis(Long.parseLong(us)) / 2);
    }

    /** The service does what it is there for. From now on it also says that it is alive, if that is wanted. */
    @Override
    public void ready() {
        tell("READY=1");
        if (socket != null && watchdogMs > 0) {
            final Thread thread = new Thread(this::sayAlive, "varve-watchdog");
            thread.setDaemon(true);
            thread.start();
        }
    }

    private void sayAlive() {
        while (!isClosed) {
            tell("WATCHDOG=1");
            try {
                Thread.sleep(watchdogMs);
            } catch (final InterruptedException e) {
                return;
            }
        }
    }

    /** The service ends. */
    @Override
    public void stopping() {
        tell("STOPPING=1");
    }

    /** One line for people. */
    @Override
    public void status(final String line) {
        tell("STATUS=" + line);
    }

    private void tell(final String news) {
        if (socket == null || isClosed) {
            return;
        }
        try {
            socket.send(news.getBytes(StandardCharsets.UTF_8));
        } catch (final ErrnoException e) {
            LOGGER.log(System.Logger.Level.DEBUG, "can''t tell the service manager: {0}", e.getMessage());
        }
    }

    /** Tells no more. Idempotent. */
    @Override
    public void close() {
        isClosed = true;
        if (socket != null) {
            socket.close();
        }
    }
}
