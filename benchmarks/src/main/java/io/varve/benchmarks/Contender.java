package io.varve.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** A back-end process that serves one disk on a vhost-user socket. */
interface Contender extends AutoCloseable {
    /** What it is called in tables. */
    String name();

    /** Where front-ends connect. */
    Path socket();

    /** The process. */
    Process process();

    /** Ends the process. */
    @Override
    void close();

    /** Processor time that the process has used so far, in nanoseconds; in steps of a clock tick, 10 ms. */
    default long cpuNs() throws IOException {
        return cpuNs(process());
    }

    /** Processor time that a process has used so far, in nanoseconds; in steps of a clock tick, 10 ms. */
    static long cpuNs(final Process process) throws IOException {
        final String stat = Files.readString(Path.of("/proc/" + process.pid() + "/stat"));
        final String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        final int userTime = 11;
        final int systemTime = 12;
        final long ticks = Long.parseLong(fields[userTime]) + Long.parseLong(fields[systemTime]);
        final long ticksPerSecond = 100;
        return ticks * (TimeUnit.SECONDS.toNanos(1) / ticksPerSecond);
    }

    /** Memory of a process that is resident, in MiB; without what it shares, which is the guests'. */
    static long residentMib(final Process process) throws IOException {
        return Files.readAllLines(Path.of("/proc/" + process.pid() + "/status")).stream()
                        .filter(line -> line.startsWith("RssAnon:") || line.startsWith("RssFile:"))
                        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                        .sum()
                >> 10;
    }

    /** Waits until the process has next to nothing to do, for at most a time: so that one's aftermath is not another's burden. */
    default void settle(final long maxNs) throws IOException, InterruptedException {
        final long endNs = System.nanoTime() + maxNs;
        final long periodMs = 500;
        final long quietNs = TimeUnit.MILLISECONDS.toNanos(periodMs) / 20;
        long before = cpuNs();
        while (System.nanoTime() < endNs) {
            Thread.sleep(periodMs);
            final long now = cpuNs();
            if (now - before <= quietNs) {
                return;
            }
            before = now;
        }
    }

    /** Ends a process by SIGTERM, and when it does not go, by SIGKILL. */
    static void end(final Process process) {
        process.destroy();
        try {
            if (!process.waitFor(60, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (final InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
