package io.varve.launcher.daemon;

import io.varve.block.CloseReason;
import io.varve.block.SessionListener;
import io.varve.block.Sessions;
import io.varve.launcher.daemon.VolumeStatus.FrontEndState;

/**
 * The sessions of all exports of a volume, and what they mean together for whether this daemon {@linkplain Possession
 * has} it: a client is there while
 * there is a session, and uses the volume while one does. One session may write at a time, or several of a volume that
 * is shared.
 *
 * <p>The reactor's, except {@link #frontEnd()}.
 */
final class VolumeSessions {
    private final Possession possession;
    private final boolean isReadOnly;
    private final boolean isShared;
    private int open;
    private int writers;
    private int running;
    private int migrating;
    private volatile FrontEndState frontEnd = FrontEndState.NONE;

    /**
     * Begins without sessions.
     *
     * @param isReadOnly whether none may write.
     * @param isShared   whether several may.
     */
    VolumeSessions(final Possession possession, final boolean isReadOnly, final boolean isShared) {
        this.possession = possession;
        this.isReadOnly = isReadOnly;
        this.isShared = isShared;
    }

    /** Those of one export, whose device forgets its completions at the end of each. */
    Sessions of(final EngineBlockDevice device) {
        return new OfExport(device);
    }

    /** Who is there. Any thread. */
    FrontEndState frontEnd() {
        return frontEnd;
    }

    private boolean mayWrite() {
        return !isReadOnly && (isShared || writers == 0);
    }

    private void update() {
        frontEnd = running > 0 ? FrontEndState.RUNNING : open > 0 ? FrontEndState.CONNECTED : FrontEndState.NONE;
    }

    private final class OfExport implements Sessions {
        private final EngineBlockDevice device;

        OfExport(final EngineBlockDevice device) {
            this.device = device;
        }

        @Override
        public boolean mayWrite() {
            return VolumeSessions.this.mayWrite();
        }

        @Override
        public boolean isShared() {
            return isShared;
        }

        @Override
        public SessionListener open(final String peer, final boolean isWriter) {
            if (isWriter && !mayWrite()) {
                throw new IllegalStateException("a session that may not write");
            }
            open++;
            writers += isWriter ? 1 : 0;
            update();
            if (open == 1) {
                possession.frontEnd(true);
            }
            return new OpenSession(device, isWriter);
        }
    }

    private final class OpenSession implements SessionListener {
        private final EngineBlockDevice device;
        private final boolean isWriter;
        private boolean isRunning;
        private boolean isMigrating;

        OpenSession(final EngineBlockDevice device, final boolean isWriter) {
            this.device = device;
            this.isWriter = isWriter;
        }

        @Override
        public void onStarted() {
            running(true);
        }

        @Override
        public void onStopped() {
            running(false);
        }

        private void running(final boolean isOn) {
            if (isRunning != isOn) {
                isRunning = isOn;
                running += isOn ? 1 : -1;
                update();
                if (running == (isOn ? 1 : 0)) {
                    possession.running(isOn);
                }
            }
        }

        @Override
        public void onRequestWaits() {
            possession.onAsked();
        }

        @Override
        public void onMigration(final boolean isOn) {
            if (isMigrating != isOn) {
                isMigrating = isOn;
                migrating += isOn ? 1 : -1;
                possession.migrating(migrating > 0);
            }
        }

        @Override
        public boolean isHandedOver() {
            return possession.isHandedOver();
        }

        @Override
        public void onClosed(final CloseReason reason) {
            running(false);
            onMigration(false);
            open--;
            writers -= isWriter ? 1 : 0;
            update();
            device.forgetCompletions();
            if (open == 0) {
                possession.frontEnd(false);
            }
        }
    }
}
