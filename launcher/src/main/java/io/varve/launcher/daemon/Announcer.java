package io.varve.launcher.daemon;

import io.varve.launcher.config.ByteSize;
import io.varve.lsvd.VolumeStats;
import io.varve.nbd.NbdServer;
import java.io.PrintWriter;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** Tells people what becomes of volumes, one line each: news on standard output, failures on standard error. */
final class Announcer implements VolumeListener {
    private final PrintWriter out;
    private final PrintWriter err;
    private final Consumer<String> status;
    private final boolean isAlone;

    /**
     * Tells.
     *
     * @param status  is told each line as well.
     * @param isAlone whether the daemon is there for one volume, ends with it, and is nothing that one could ask.
     */
    Announcer(final PrintWriter out, final PrintWriter err, final Consumer<String> status, final boolean isAlone) {
        this.out = out;
        this.err = err;
        this.status = status;
        this.isAlone = isAlone;
    }

    @Override
    public void onRetry(final ServedVolume volume, final String reason) {
        complain(volume, "cannot be opened yet, trying again: " + reason);
    }

    @Override
    public void onWaiting(final ServedVolume volume, final String reason) {
        say(volume, reason);
    }

    @Override
    public void onReady(final ServedVolume volume) {
        final VolumeStatus status = volume.status();
        final String what = ByteSize.format(status.sizeBytes()) + (status.isReadOnly() ? ", read-only" : "");
        say(volume, what + ", is ready " + addresses(status));
        if (isAlone && status.socket() != null) {
            out.println("QEMU arguments: " + QemuArguments.of(status.name(), status.socket()));
            out.flush();
        }
    }

    private static String addresses(final VolumeStatus status) {
        final String named = status.exports().stream()
                .filter(export -> export.address() != null)
                .map(export -> (export.protocol().equals(NbdServer.PROTOCOL) ? "NBD " : "") + export.address())
                .collect(Collectors.joining(", "));
        final boolean hasInherited = status.exports().stream().anyMatch(export -> export.address() == null);
        return (hasInherited ? "on the inherited socket" : "")
                + (hasInherited && !named.isEmpty() ? " and " : "")
                + (named.isEmpty() ? "" : "at " + named);
    }

    @Override
    public void onFailing(final ServedVolume volume, final String reason) {
        complain(volume, "every request fails from now on: " + reason);
    }

    @Override
    public void onShipping(final ServedVolume volume, final long unsentBytes) {
        say(
                volume,
                "shipping " + ByteSize.format(unsentBytes) + " to the store"
                        + (isAlone ? "; a further signal leaves that to the next start" : ""));
    }

    @Override
    public void onEnded(final ServedVolume volume, final VolumeStats left) {
        if (left.failure() != null) {
            complain(volume, "ended after a failure: " + left.failure());
        } else if (left.unsentBytes() == 0) {
            say(volume, "ended, everything is in the store");
        } else {
            say(
                    volume,
                    "ended, " + ByteSize.format(left.unsentBytes()) + " in " + left.unsentRecords()
                            + " records are unsent; they are durable in the log, and the next start ships them");
        }
    }

    @Override
    public void onDied(final ServedVolume volume, final String reason) {
        complain(
                volume,
                (isAlone ? "the daemon failed and has to end: " : "its reactor failed; attach it again: ") + reason
                        + "; what was acknowledged is in the log");
    }

    private void say(final ServedVolume volume, final String what) {
        tell(out, volume, what);
    }

    private void complain(final ServedVolume volume, final String what) {
        tell(err, volume, what);
    }

    private void tell(final PrintWriter stream, final ServedVolume volume, final String what) {
        final String line = "volume " + volume.options().name() + ": " + what;
        stream.println("varve: " + line);
        stream.flush();
        status.accept(line);
    }
}
