package io.varve.vhostuser;

import io.varve.block.BlockDevice;

/**
 * Where a disk keeps whether it has a write cache ({@code wce}). The guest can change that, front-ends don't carry it over a
 * migration, and it must not change behind the guest's back: so it belongs to the volume. The reactor thread only.
 */
public interface WriteCacheSetting {
    /** Whether completed writes may wait for a flush to become durable. */
    boolean isEnabled();

    /**
     * The guest has changed it; writes from now on follow.
     *
     * @param completion is told, perhaps before this returns, once the change is as durable as it is going to be.
     * @param token      what the completion is given.
     */
    void enable(boolean enabled, BlockDevice.Completion completion, long token);

    /** One that is kept in memory only, and enabled at first. */
    static WriteCacheSetting inMemory() {
        return new WriteCacheSetting() {
            private boolean enabled = true;

            @Override
            public boolean isEnabled() {
                return enabled;
            }

            @Override
            public void enable(final boolean newEnabled, final BlockDevice.Completion completion, final long token) {
                enabled = newEnabled;
                completion.onComplete(token, BlockDevice.STATUS_OK);
            }
        };
    }
}
