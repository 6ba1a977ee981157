package io.varve.vhostuser;

import io.varve.block.BlockDevice;

/**
 * Carries out a change of the write cache setting, one at a time: the setting is changed, and when the cache goes, everything
 * written before is made durable, before the driver is told that it has gone. The reactor thread only.
 */
final class WriteCacheSwitch {
    private enum State {
        IDLE,
        CHANGING,
        FLUSHING,
        DONE,
        FAILED
    }

    private final BlockDevice device;
    private final WriteCacheSetting setting;
    private State state = State.IDLE;

    WriteCacheSwitch(final BlockDevice device, final WriteCacheSetting setting) {
        this.device = device;
        this.setting = setting;
    }

    /** Whether nothing is under way, and no outcome waits to be taken. */
    boolean isIdle() {
        return state == State.IDLE;
    }

    /** Whether a change is under way. */
    boolean isBusy() {
        return state == State.CHANGING || state == State.FLUSHING;
    }

    /** Begins a change; nothing is in flight on the disk, and nothing begins until it is no longer busy. */
    void begin(final boolean enabled) {
        state = State.CHANGING;
        setting.enable(enabled, this::onComplete, enabled ? 1 : 0);
    }

    private void onComplete(final long enabled, final int status) {
        if (status != BlockDevice.STATUS_OK) {
            state = State.FAILED;
        } else if (state == State.CHANGING && enabled == 0) {
            state = State.FLUSHING;
            device.flush(this::onComplete, enabled);
        } else {
            state = State.DONE;
        }
    }

    /** Whether the last change succeeded; there is none then. */
    boolean takeOutcome() {
        final boolean succeeded = state != State.FAILED;
        state = State.IDLE;
        return succeeded;
    }
}
