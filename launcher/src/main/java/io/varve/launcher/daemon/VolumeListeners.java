package io.varve.launcher.daemon;

import io.varve.lsvd.VolumeStats;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/** Tells several listeners what becomes of volumes, in the order in which they came. */
final class VolumeListeners implements VolumeListener {
    private final List<VolumeListener> all = new CopyOnWriteArrayList<>();

    void add(final VolumeListener listener) {
        all.add(listener);
    }

    private void each(final Consumer<VolumeListener> what) {
        all.forEach(what);
    }

    @Override
    public void onRetry(final ServedVolume volume, final String reason) {
        each(one -> one.onRetry(volume, reason));
    }

    @Override
    public void onWaiting(final ServedVolume volume, final String reason) {
        each(one -> one.onWaiting(volume, reason));
    }

    @Override
    public void onReady(final ServedVolume volume) {
        each(one -> one.onReady(volume));
    }

    @Override
    public void onFailing(final ServedVolume volume, final String reason) {
        each(one -> one.onFailing(volume, reason));
    }

    @Override
    public void onShipping(final ServedVolume volume, final long unsentBytes) {
        each(one -> one.onShipping(volume, unsentBytes));
    }

    @Override
    public void onEnded(final ServedVolume volume, final VolumeStats left) {
        each(one -> one.onEnded(volume, left));
    }

    @Override
    public void onDied(final ServedVolume volume, final String reason) {
        each(one -> one.onDied(volume, reason));
    }
}
