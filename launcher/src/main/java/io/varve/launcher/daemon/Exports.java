package io.varve.launcher.daemon;

import io.varve.block.BlockDevice;
import io.varve.block.Duty;
import io.varve.block.Export;
import io.varve.block.ExportStatus;
import java.util.ArrayList;
import java.util.List;

/** All exports of a volume, in the order in which its reactor drives them. The reactor's, except {@link #status()}. */
final class Exports implements Duty, BlockDevice.Listener {
    private volatile Export[] all = {};

    /** Adds one. */
    void add(final Export export) {
        final List<Export> longer = new ArrayList<>(List.of(all));
        longer.add(export);
        all = longer.toArray(Export[]::new);
    }

    /** How each is. Any thread. */
    List<ExportStatus> status() {
        return List.of(all).stream().map(Export::status).toList();
    }

    @Override
    public int doWork() {
        int work = 0;
        for (final Export export : all) {
            work += export.doWork();
        }
        return work;
    }

    @Override
    public boolean armNotifications() {
        boolean isThere = false;
        for (final Export export : all) {
            isThere |= export.armNotifications();
        }
        return isThere;
    }

    @Override
    public void disarmNotifications() {
        for (final Export export : all) {
            export.disarmNotifications();
        }
    }

    @Override
    public long maxIdleNs() {
        long idleNs = Long.MAX_VALUE;
        for (final Export export : all) {
            idleNs = Math.min(idleNs, export.maxIdleNs());
        }
        return idleNs;
    }

    @Override
    public void deviceReady() {
        for (final Export export : all) {
            export.deviceReady();
        }
    }

    @Override
    public void configChanged() {
        for (final Export export : all) {
            export.configChanged();
        }
    }

    @Override
    public void deviceLost(final String reason) {
        for (final Export export : all) {
            export.deviceLost(reason);
        }
    }

    /** Begins to end all. */
    void close() {
        for (final Export export : all) {
            export.close();
        }
    }

    /** Drops all clients. */
    void abandon() {
        for (final Export export : all) {
            export.abandon();
        }
    }

    /** Whether all have ended. */
    boolean areClosed() {
        for (final Export export : all) {
            if (!export.isClosed()) {
                return false;
            }
        }
        return true;
    }

    /** Releases what is left of all. */
    void release() {
        for (final Export export : all) {
            export.release();
        }
    }
}
