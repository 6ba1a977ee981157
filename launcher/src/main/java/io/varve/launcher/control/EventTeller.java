package io.varve.launcher.control;

import io.varve.control.Event;
import io.varve.control.rpc.Events;
import io.varve.launcher.daemon.ServedVolume;
import io.varve.launcher.daemon.VolumeListener;
import io.varve.lsvd.VolumeStats;

/** Tells those who follow events what becomes of volumes that are attached. */
final class EventTeller implements VolumeListener {
    private final Events events;

    EventTeller(final Events events) {
        this.events = events;
    }

    @Override
    public void onRetry(final ServedVolume volume, final String reason) {
        tell(Event.Type.RETRYING, volume, reason);
    }

    @Override
    public void onWaiting(final ServedVolume volume, final String reason) {
        tell(Event.Type.WAITING, volume, reason);
    }

    @Override
    public void onReady(final ServedVolume volume) {
        tell(Event.Type.ATTACHED, volume, null);
    }

    @Override
    public void onFailing(final ServedVolume volume, final String reason) {
        tell(Event.Type.FAILED, volume, reason);
    }

    @Override
    public void onShipping(final ServedVolume volume, final long unsentBytes) {}

    @Override
    public void onEnded(final ServedVolume volume, final VolumeStats left) {
        final String unsent = left.unsentBytes() == 0
                ? null
                : left.unsentBytes() + " bytes are unsent: they are durable in the log, and the next start ships them";
        tell(Event.Type.ENDED, volume, left.failure() == null ? unsent : left.failure());
    }

    @Override
    public void onDied(final ServedVolume volume, final String reason) {
        tell(Event.Type.FAILED, volume, reason);
    }

    private void tell(final Event.Type type, final ServedVolume volume, final String detail) {
        events.tell(type, volume.options().name(), null, detail);
    }
}
